"""Whoever can forge Ed25519 one day takes the other signature away: that is a failure, and never a fallback."""

from pathlib import Path

import pytest

from exchange.client.verify import VerificationRefused, verify_log
from exchange.client.witness import OwnWitness
from exchange.ledger.proofs import log_proof
from exchange.wire import canonical
from exchange.wire.merkle import ProofRefused
from exchange.wire.notes import NoteRefused
from exchange.wire.proofs import LogProof, verify_entry
from exchange.wire.witnessing import request_of
from tests.attacks.rewritten_history.books import SIGNER, Log, refused


def stripped(note: str) -> str:
    return note.rpartition("— ")[0]


def test_a_note_stripped_in_the_database_is_refused_by_every_reader(log: Log, tmp_path: Path) -> None:
    note = stripped(log.note())
    log.edit("UPDATE checkpoint SET note = ? WHERE size = 8", note)
    body = log.body(1)

    assert refused(log.exported()).startswith("2 signature")
    with log.store.reading() as connection:
        proof = log_proof(connection, canonical.decode(body)["id"]).text
    with pytest.raises((ProofRefused, NoteRefused)):
        verify_entry(LogProof.parse(proof), body, SIGNER.vkeys())
    witness = OwnWitness.made(tmp_path / "w", "w.example", SIGNER.vkeys()).witness()
    assert witness.add_checkpoint(request_of(0, [], note)).status == 403


def test_a_note_stripped_in_a_copied_folder_is_refused(folder: Path) -> None:
    path = folder / "checkpoint"
    path.write_text(stripped(path.read_text()))

    assert refused(folder).startswith("2 signature")


def test_an_old_note_stripped_is_refused_too(folder: Path) -> None:
    path = folder / "checkpoints/20"
    path.write_text(stripped(path.read_text()))

    assert refused(folder).startswith("5 past")


def test_a_reader_who_trusts_one_algorithm_only_is_told_so(folder: Path) -> None:
    with pytest.raises(VerificationRefused, match="1 keys"):
        verify_log(folder, SIGNER.vkeys()[:1])
