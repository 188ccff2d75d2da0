"""A thief of the log's keys signs a history of its own: of one key, in vain; of both, until somebody remembers.

How a root takes stolen keys back is in `tests/exchange/audit/test_log_keys.py`; that a domain runs no ticket of a
history other than the one it witnessed, in `tests/workers/test_witness.py`.
"""

from pathlib import Path

import pytest

from exchange.client.verify import verify_log
from exchange.client.witness import OwnWitness
from exchange.wire.notes import Checkpoint, LogSigner, read_checkpoint
from exchange.wire.witnessing import request_of
from tests.attacks.rewritten_history.books import SIGNER, Log, refused
from tests.attacks.rewritten_history.forging import changed, rebuilt
from tests.exchange.ledger.facts import NOW_US, ORIGIN


def test_a_thief_of_the_ed25519_key_alone_cannot_sign_a_log(folder: Path) -> None:
    thief = LogSigner(ORIGIN, bytes(range(32)), bytes(32))
    checkpoint, _ = read_checkpoint((folder / "checkpoint").read_text())
    (folder / "checkpoint").write_text(thief.sign(checkpoint, NOW_US))

    (folder / "keys.txt").write_text("".join(f"{vkey}\n" for vkey in thief.vkeys()))
    assert refused(folder) == "2 signature: a demanded signature is missing"
    (folder / "keys.txt").write_text("".join(f"{vkey}\n" for vkey in SIGNER.vkeys()))
    assert refused(folder).startswith("2 signature")


@pytest.fixture
def forged(folder: Path) -> Path:
    """A whole fork, signed with both stolen keys."""
    rebuilt(folder, lambda entries: [changed(entries[0], actor="org_somebody"), *entries[1:200]])
    return folder


def test_a_whole_fork_shows_in_the_readers_memory(honest: Path, forged: Path) -> None:
    assert verify_log(forged, SIGNER.vkeys()).size == 200
    assert refused(forged, (honest / "checkpoints/20").read_text()).startswith("10 memory")


def test_a_whole_fork_has_no_witnesses(forged: Path, tmp_path: Path) -> None:
    witness = OwnWitness.made(tmp_path / "w", "w.example", SIGNER.vkeys())

    found = refused(forged, witnesses=[witness.key.vkey], quorum=1)

    assert found == "11 witnesses: too few of the witnesses cosigned the newest checkpoint"


def test_a_fork_beside_a_kept_checkpoint_shows_in_the_folder_itself(honest: Path, forged: Path) -> None:
    (forged / "checkpoints").mkdir()
    (forged / "checkpoints/20").write_text((honest / "checkpoints/20").read_text())

    assert refused(forged) == "5 past: the checkpoint of size 20 is not a prefix of this log"


def test_a_fork_put_into_the_database_is_held_against_what_was_kept(log: Log, tmp_path: Path) -> None:
    remembered = log.note()
    forged = SIGNER.sign(Checkpoint(ORIGIN, 8, bytes(32)), NOW_US)
    log.edit("UPDATE checkpoint SET note = ?, root = ? WHERE size = 8", forged, bytes(32))

    assert refused(log.exported(), remembered).startswith("3 root")


def test_a_witness_does_not_cosign_a_thief_s_fork(log: Log, tmp_path: Path) -> None:
    witness = OwnWitness.made(tmp_path / "w", "w.example", SIGNER.vkeys()).witness()
    witness.add_checkpoint(request_of(0, [], log.note()))

    for size in (8, 9):
        forged = SIGNER.sign(Checkpoint(ORIGIN, size, bytes(32)), NOW_US)
        assert witness.add_checkpoint(request_of(8, [], forged)).status == 422
