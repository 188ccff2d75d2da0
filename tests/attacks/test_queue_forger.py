"""Somebody who owns the broker plants jobs. Stock RQ would run them; here nothing runs and the next ticket is served.

Each forged record is written as the operator of the broker would, past every access rule.
"""

import json
import os
import pickle  # noqa: TID251 - the attacker's tool: what he writes is never read back here.
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakeredis import FakeServer, FakeStrictRedis
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from exchange.dispatch.queue import TicketQueue
from exchange.wire.queue import WAITING_TTL_S
from workers import queue

JOB = "dx:hosp1:job:hosp1-"
WAITING = "dx:hosp1:queue:tickets"


class Shell:
    """Unpickled, this runs a command."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


@pytest.fixture
def redis() -> Any:
    return FakeStrictRedis(server=FakeServer())


@pytest.fixture
def trace(tmp_path: Path) -> Iterator[Path]:
    """What the forger's code would create, and it is not there at the end."""
    path = tmp_path / "code-ran"
    yield path
    assert not path.exists()


def message(*asked: object) -> bytes:
    return zlib.compress(json.dumps(asked).encode())


def plant(redis: Any, suffix: str, **fields: object) -> None:
    record = {"status": "queued", "origin": "tickets", "created_at": "2026-01-01T00:00:00.000000Z", **fields}
    redis.hset(JOB + suffix, mapping=record)
    redis.rpush(WAITING, f"hosp1-{suffix}")


def served(redis: Any) -> list[str]:
    tokens: list[str] = []
    queue.serve(tokens.append, domain="hosp1", connection=redis, burst=True)
    return tokens


FORGED: dict[str, Callable[[str], dict[str, object]]] = {
    "pickled data": lambda run: {"data": pickle.dumps(("os.system", None, (run,), {}))},
    "pickled data that runs when read": lambda run: {"data": pickle.dumps(Shell(run))},
    "compressed pickle": lambda run: {"data": zlib.compress(pickle.dumps(Shell(run)))},
    "json naming os.system": lambda run: {"data": message("os.system", None, [run], {})},
    "json naming our word with an instance": lambda run: {"data": message("ticket", "os", [run], {})},
    "json with two arguments": lambda run: {"data": message("ticket", None, [run, run], {})},
    "json with keywords": lambda run: {"data": message("ticket", None, [run], {"shell": True})},
    "json with an argument that is not text": lambda run: {"data": message("ticket", None, [["x"]], {})},
    "json with an empty token": lambda run: {"data": message("ticket", None, [""], {})},
    "an object instead of a list": lambda run: {"data": zlib.compress(b'{"ticket": null}')},
    "json nested past all depth": lambda run: {"data": zlib.compress(b"[" * 30_000)},
    "json that is not text": lambda run: {"data": zlib.compress(b'["ticket", null, ["\xff"], {}]')},
    "plain json, not compressed": lambda run: {"data": b'["ticket", null, ["x"], {}]'},
    "half a message": lambda run: {"data": message("ticket", None, ["x"], {})[:-6]},
    "no data": lambda run: {},
    "a bomb": lambda run: {"data": zlib.compress(b"0" * 200_000_000)},
    "a bomb of the right shape": lambda run: {"data": message("ticket", None, ["0" * 50_000], {})},
    "nonsense status": lambda run: {"data": message("ticket", None, ["x"], {}), "status": "no such status"},
    "status that is not text": lambda run: {"data": message("ticket", None, ["x"], {}), "status": b"\xff\xfe"},
    "nonsense count": lambda run: {"data": message("ticket", None, ["x"], {}), "starts": "-1"},
    "huge count": lambda run: {"data": message("ticket", None, ["x"], {}), "starts": "9" * 5000},
    "a finished one again": lambda run: {"data": message("ticket", None, ["x"], {}), "status": "finished"},
}


def test_left_alone_rq_runs_what_a_record_names(redis: Any, tmp_path: Path) -> None:
    redis.hset("rq:job:1", mapping={"data": message("os.mkdir", None, [str(tmp_path / "ran")], {}), "status": "queued"})
    redis.rpush("rq:queue:default", "1")

    SimpleWorker(["default"], connection=redis, serializer=JSONSerializer).work(burst=True)

    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_a_forged_job_runs_nothing_and_the_genuine_ticket_after_it_is_served(
    redis: Any, trace: Path, forged: Callable[[str], dict[str, object]]
) -> None:
    plant(redis, "forged", **forged(f"touch {trace}"))
    TicketQueue(redis, "hosp1").put("tkt_genuine", "genuine")

    assert served(redis) == ["genuine"]
    assert redis.llen("dx:hosp1:queue:tickets:held:1") == 0


@pytest.mark.parametrize("raw_id", [b"", b"\xff\xfe", b"hosp1-a:b", b"../job", b"hosp1-gone", b"x" * 100_000])
def test_an_id_that_is_no_jobs_is_passed_over(redis: Any, raw_id: bytes) -> None:
    redis.rpush(WAITING, raw_id)
    TicketQueue(redis, "hosp1").put("tkt_genuine", "genuine")

    assert served(redis) == ["genuine"]
    assert redis.llen("dx:hosp1:queue:tickets:held:1") == 0


def test_a_record_of_another_type_is_passed_over(redis: Any) -> None:
    redis.rpush(f"{JOB}list", "not", "a", "hash")
    redis.rpush(WAITING, "hosp1-list")
    TicketQueue(redis, "hosp1").put("tkt_genuine", "genuine")

    assert served(redis) == ["genuine"]


def test_a_forged_record_does_not_block_the_true_ticket_of_that_id(redis: Any) -> None:
    plant(redis, "taken", data=b"forged")
    assert served(redis) == []

    assert TicketQueue(redis, "hosp1").put("tkt_taken", "genuine")
    assert served(redis) == ["genuine"]


@pytest.fixture
def listener() -> Iterator[str]:
    """An address of the forger's, and nobody has called it at the end."""
    called: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        thread = threading.Thread(target=lambda: called.extend(_calls(server)))
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread.join()
    assert called == []


def _calls(server: socket.socket) -> list[bytes]:
    try:
        peer, _ = server.accept()
    except TimeoutError:
        return []
    with peer:
        return [peer.recv(1024)]


@pytest.mark.parametrize("outcome", ["finishes", "fails"])
def test_a_decorated_ticket_runs_once_and_without_its_decorations(
    redis: Any, trace: Path, listener: str, outcome: str
) -> None:
    # Arrange: a genuine ticket, and everything RQ would act on written beside it.
    TicketQueue(redis, "hosp1").put("tkt_decorated", "genuine")
    run = pickle.dumps(Shell(f"touch {trace}"))
    redis.hset(
        f"{JOB}decorated",
        mapping={
            "success_callback_name": "os.getcwd", "failure_callback_name": "os.getcwd",
            "stopped_callback_name": "os.getcwd", "success_callback_timeout": "x",
            "webhooks": json.dumps([{"url": listener, "job_status": status} for status in ("finished", "failed")]),
            "meta": run, "result": run, "exc_info": b"x", "repeats_left": "9", "repeat_intervals": "[0]",
            "retries_left": "9", "timeout": "999999999", "result_ttl": "-1", "failure_ttl": "-1", "ttl": "x",
            "dependency_ids": "{", "group_id": "g", "rate_limit_key": "r", "rate_limit_concurrency": "1",
            "description": "x", "created_at": "never", "worker_name": b"\xff",
        },
    )  # fmt: skip
    tokens: list[str] = []

    def handle(token: str) -> None:
        tokens.append(token)
        if outcome == "fails":
            raise ValueError("a cell's value")

    # Act
    queue.serve(handle, domain="hosp1", connection=redis, burst=True)
    queue.serve(handle, domain="hosp1", connection=redis, burst=True)

    # Assert
    assert tokens == ["genuine"]
    assert set(redis.hgetall(f"{JOB}decorated")) == {b"status", b"code", b"ended_at"}
    assert 0 < redis.ttl(f"{JOB}decorated") < WAITING_TTL_S


def test_a_function_that_raises_leaves_no_value_and_no_trace_in_the_broker(
    redis: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = "patient 4711 has X"
    TicketQueue(redis, "hosp1").put("tkt_raising", "genuine")

    def handle(token: str) -> None:
        raise ValueError(secret, {"rows": [secret]})

    queue.serve(handle, domain="hosp1", connection=redis, burst=True)

    stored = b"".join(_everything(redis))
    assert b"4711" not in stored
    assert b"Traceback" not in stored
    assert b"ValueError" not in stored
    assert redis.hget(f"{JOB}raising", "code") == b"failed"
    assert "4711" not in caplog.text + "".join(capfd.readouterr())


def _everything(redis: Any) -> Iterator[bytes]:
    for key in redis.keys("*"):
        yield key
        match redis.type(key):
            case b"hash":
                yield from (part for pair in redis.hgetall(key).items() for part in pair)
            case b"list":
                yield from redis.lrange(key, 0, -1)
            case b"set":
                yield from redis.smembers(key)
            case other:
                raise AssertionError(other)


def test_a_worker_obeys_no_command_sent_through_the_broker(redis: Any) -> None:
    redis.set("rq:suspended", 1)
    redis.set("dx:hosp1:suspended", 1)
    TicketQueue(redis, "hosp1").put("tkt_obeys", "genuine")

    assert served(redis) == ["genuine"]
    assert redis.pubsub_channels() == []


def test_the_exchange_never_reads_what_a_provider_wrote(redis: Any, trace: Path) -> None:
    tickets = TicketQueue(redis, "hosp1")
    run = pickle.dumps(Shell(f"touch {trace}"))
    plant(redis, "mine", data=run, result=run, meta=run, exc_info=run)

    assert tickets.holds("tkt_mine")
    assert not tickets.put("tkt_mine", "genuine")
    assert tickets.waiting() == 1
