"""Whoever pinned the root follows the keys of the log by itself: domains, and witnesses of one's own."""

from pathlib import Path

from fastapi.testclient import TestClient
from typer.testing import CliRunner, Result

from exchange.app import create_app
from exchange.client.cli import app
from exchange.client.commands.desk import Desk
from exchange.wire.notes import open_checkpoint
from tests.exchange.audit.operating import ORIGIN, Operator
from tests.market import URL
from tests.ways import Bridge
from workers.claims import Claims
from workers.domain import Domain, Trusted
from workers.door import Door
from workers.log_keys import LearntKeys
from workers.witness import watch_of


def bridged(operator: Operator) -> Bridge:
    return Bridge(TestClient(create_app(operator.house())))


def test_a_domain_follows_its_root_through_a_rotation_and_stops_without_one(operator: Operator, tmp_path: Path) -> None:
    watches = []
    for name, root in (("rooted", operator.root_key), ("unrooted", "")):
        domain = Domain.made(tmp_path / name)
        pinned = {"domain": name, "exchange_url": URL, "exchange_key": "", "broker_url": "", "log_root": root}
        domain.trust(Trusted(log_vkeys=operator.first, **pinned))
        claims, keys = Claims(domain.folder / "state.db"), LearntKeys(domain)
        watches.append((domain, watch_of(domain, claims, Door(URL, "", bridged(operator)), lambda: 1, keys)))

    def seen() -> list[int]:
        for _, watch in watches:
            watch.door = Door(URL, "", bridged(operator))
            watch.look_once()
        return [watch.claims.seen(ORIGIN)[0] for _, watch in watches]

    operator.rotated()
    overlap = operator.grows()
    assert seen() == [overlap, overlap]
    operator.log("retire", operator.change("RETIRED", list(operator.first), overlap + 1))
    operator.signs()
    operator.log("promote")
    last = operator.grows()
    assert seen() == [last, overlap]
    # What it learnt it still knows when it is started again, from its folder alone.
    known = LearntKeys(watches[0][0])
    assert open_checkpoint(operator.note(), known).size == last
    assert not known.learn([])


def test_a_witness_of_one_s_own_learns_the_keys_its_root_signed(operator: Operator, tmp_path: Path) -> None:
    keys = [word for vkey in operator.first for word in ("--key", vkey)]

    def dex(*words: str) -> Result:
        return CliRunner().invoke(app, ["witness", *words], obj=Desk(URL, tmp_path / "w", transport=bridged(operator)))

    for name, root in (("rooted", ["--root", operator.root_key]), ("unrooted", [])):
        assert dex("init", str(tmp_path / name), "--name", f"{name}.example", *keys, *root).exit_code == 0
        assert dex("look", str(tmp_path / name)).exit_code == 0
    operator.rotated()
    operator.log("retire", operator.change("RETIRED", list(operator.first), operator.grows() + 1))
    operator.signs()
    operator.log("promote")
    last = operator.grows()

    assert f'"size":{last}' in dex("look", str(tmp_path / "rooted"), "--json").stdout
    refused = dex("look", str(tmp_path / "unrooted"))
    assert (refused.exit_code, refused.stderr.strip()[:9]) == (1, "E_WITNESS")
