"""The runbook of a lost guard: rebuilt from what a quorum of witnesses holds, and from nothing else."""

import json
from pathlib import Path
from threading import Thread

import pytest

from exchange.client.witness import OwnWitness
from exchange.client.witness_server import WitnessServer
from exchange.ledger.guard import GuardLost
from exchange.wire.cosignatures import WitnessKey
from exchange.wire.notes import read_checkpoint
from exchange.wire.witnessing import request_of
from tests.exchange.audit.operating import Operator

KEYS = [WitnessKey(f"w{n}.example", bytes([n]) * 32) for n in (1, 2, 3)]


@pytest.fixture
def watched(operator: Operator) -> Operator:
    """A log of which two witnesses in three must speak."""
    (operator.settings.secrets / "witnesses").write_text("\n".join(key.vkey for key in KEYS))
    operator.env["DX_WITNESS_QUORUM"] = "2"
    return operator


def held(operator: Operator, key: WitnessKey) -> list[str]:
    """What a witness holds of the log as it is now, as an option of the command."""
    note = operator.note()
    file = operator.folder / f"{key.vkey.partition('+')[0]}-{read_checkpoint(note)[0].size}"
    file.write_text(note + key.cosign(read_checkpoint(note)[0], 5))
    return ["--note", str(file)]


def loses(operator: Operator) -> Path:
    guard = operator.settings.home / "guard"
    guard.unlink()
    return guard


def test_the_newest_of_what_a_quorum_holds_is_remembered_and_signing_goes_on(watched: Operator) -> None:
    older = held(watched, KEYS[0])
    size = watched.grows()
    newer = held(watched, KEYS[2])
    loses(watched)
    with pytest.raises(GuardLost):
        watched.grows()

    told = json.loads(watched.log("guard", *older, *newer))

    assert told["size"] == size
    assert watched.grows() > size
    assert "not lost" in watched.tried("guard", *older, *newer).stderr


def test_fewer_than_the_quorum_or_a_stranger_rebuild_nothing(watched: Operator) -> None:
    one, stranger = held(watched, KEYS[0]), held(watched, WitnessKey("x.example", bytes([9]) * 32))
    guard = loses(watched)

    assert "too few" in watched.tried("guard", *one, *one).stderr
    assert "no cosignature" in watched.tried("guard", *one, *stranger).stderr
    assert "too few" in watched.tried("guard").stderr
    watched.env["DX_WITNESS_QUORUM"] = "0"
    assert "no quorum" in watched.tried("guard", *one, *held(watched, KEYS[1])).stderr
    assert not guard.exists()


def test_a_database_that_does_not_continue_what_witnesses_hold_gets_no_guard(watched: Operator) -> None:
    old = held(watched, KEYS[0])
    watched.grows()
    both = [*old, *held(watched, KEYS[1])]
    guard = loses(watched)
    with watched.store.writing() as connection:  # What a restored backup looks like to the log.
        connection.exec_driver_sql("UPDATE head SET size = 1")
    assert "smaller" in watched.tried("guard", *both).stderr
    with watched.store.writing() as connection:
        connection.exec_driver_sql("UPDATE head SET size = 2, root = (SELECT root FROM checkpoint WHERE size = 1)")

    assert "does not continue" in watched.tried("guard", *both).stderr
    assert not guard.exists()


def test_a_witness_is_asked_where_it_serves_and_a_frozen_log_stays_frozen(watched: Operator, tmp_path: Path) -> None:
    own = OwnWitness.made(tmp_path / "own", "w9.example", watched.first)
    named = watched.settings.secrets / "witnesses"
    named.write_text(named.read_text() + f"\n{own.key.vkey}")
    watched.env["DX_WITNESS_QUORUM"] = "0"
    watched.log("freeze", "--reason", "YEAR_END")
    watched.env["DX_WITNESS_QUORUM"] = "2"
    assert own.witness().add_checkpoint(request_of(0, [], watched.note())).status == 200
    guard = loses(watched)
    (guard.parent / "guard.frozen").unlink()

    with WitnessServer(own, "127.0.0.1", 0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        watched.log("guard", *held(watched, KEYS[0]), "--witness", url)
        server.shutdown()

    assert (guard.parent / "guard.frozen").exists()
    assert "does not answer" in watched.tried("guard", "--witness", "http://127.0.0.1:1").stderr
