"""An operator that shows each reader a history of its own, under good signatures: whom it fools, and until when."""

from base64 import b64encode
from pathlib import Path

import pytest

from exchange.client.verify import VerificationRefused, verify_log
from exchange.client.witness import OwnWitness
from exchange.ledger.export import export
from exchange.ledger.guard import Guard, GuardedKeys
from exchange.ledger.sequencer import Sequencer
from exchange.ledger.signer import sign_head
from exchange.ledger.store import Store
from exchange.wire.cosignatures import WitnessKey
from exchange.wire.log_policy import LogPolicy
from exchange.wire.notes import Checkpoint, LogSigner, read_checkpoint
from exchange.wire.witnessing import is_fork, place_of, request_of
from tests.exchange.ledger.facts import draft, write
from tests.workers.tiny_log import NOW_S, ORIGIN, SIGNER, TinyLog

PLACE = place_of(ORIGIN)


def note_of(log: TinyLog) -> str:
    return SIGNER.sign(log.checkpoint(), NOW_S * 1_000_000)


def shown(log: TinyLog, witness: OwnWitness, old: int) -> str:
    """The log asks for a cosignature; what it gets, it appends to the note. Empty when refused."""
    proof = [b64encode(one).decode() for one in log.consistency(old, len(log.leaves))]
    reply = witness.witness().add_checkpoint(request_of(old, proof, note_of(log)))
    return reply.body if reply.status == 200 else ""


@pytest.fixture
def witnesses(tmp_path: Path) -> list[OwnWitness]:
    return [OwnWitness.made(tmp_path / f"w{n}", f"w{n}.example", SIGNER.vkeys()) for n in range(3)]


@pytest.fixture
def faces() -> tuple[TinyLog, TinyLog]:
    """Two histories of one length that part after five entries."""
    honest, forked = TinyLog(), TinyLog()
    for log in (honest, forked):
        log.grow(5)
    honest.grow(4)
    forked.grow(4, b"fork")
    return honest, forked


def test_two_witnesses_shown_two_histories_hold_the_proof_of_it(
    witnesses: list[OwnWitness], faces: tuple[TinyLog, TinyLog]
) -> None:
    for face, witness in zip(faces, witnesses, strict=False):
        assert shown(TinyLog(face.leaves[:5]), witness, 0)
        assert shown(face, witness, 5)

    # Each was fooled alone. The moment one hears what the other was shown, it has both notes in hand.
    first, second = witnesses[:2]
    assert shown(faces[1], first, 9) == ""
    assert is_fork(first.note(PLACE), second.note(PLACE), SIGNER.vkeys())
    (kept,) = (first.folder / PLACE / "evidence").iterdir()
    text, signed, forked_text, forked_signed = kept.read_text().split("\n\n")
    assert is_fork(f"{text}\n\n{signed}\n", f"{forked_text}\n\n{forked_signed}", SIGNER.vkeys())


def test_no_quorum_of_two_in_three_stands_behind_both_histories(
    witnesses: list[OwnWitness], faces: tuple[TinyLog, TinyLog]
) -> None:
    policy = LogPolicy.of(SIGNER.vkeys(), [one.key.vkey for one in witnesses], 2)
    lines = [""] * 2
    for number, witness in enumerate(witnesses):
        for which in (number % 2, 1 - number % 2):
            lines[which] += shown(faces[which], witness, 0)

    met = [policy.met_by(note_of(face) + line) for face, line in zip(faces, lines, strict=True)]

    assert met == [True, False]


def test_one_witness_does_not_go_back_behind_what_it_saw(
    witnesses: list[OwnWitness], faces: tuple[TinyLog, TinyLog]
) -> None:
    honest, _ = faces
    shown(honest, witnesses[0], 0)

    assert shown(TinyLog(honest.leaves[:5]), witnesses[0], 0) == ""
    assert read_checkpoint(witnesses[0].note(PLACE))[0].size == 9


def test_a_log_without_the_cosignatures_a_reader_asks_for_does_not_verify(store: Store, tmp_path: Path) -> None:
    signer = LogSigner("log.example/w", b"\x01" * 32, b"\x02" * 32)
    keys = [WitnessKey(f"w{n}.example", bytes([n]) * 32) for n in (1, 2, 3)]
    vkeys, folder = [one.vkey for one in keys], tmp_path / "export"
    write(store, draft("ord_a"), draft("ord_b"))
    Sequencer(store).run_once()
    sign_head(store, GuardedKeys(signer, Guard(tmp_path / "guard")), 1_000_000)
    checkpoint = export(store, folder, signer.vkeys())
    assert checkpoint is not None
    note = folder / "checkpoint"

    for cosigned in range(3):
        with pytest.raises(VerificationRefused, match="11 witnesses: too few"):
            verify_log(folder, signer.vkeys(), witnesses=vkeys, quorum=cosigned + 1)
        assert verify_log(folder, signer.vkeys(), witnesses=vkeys, quorum=cosigned).size == checkpoint.size
        note.write_text(note.read_text() + keys[cosigned].cosign(checkpoint, 5))
    other = keys[0].cosign(Checkpoint(checkpoint.origin, checkpoint.size, bytes(32)), 5)
    note.write_text(note.read_text() + other)
    with pytest.raises(VerificationRefused, match="11 witnesses: a cosignature does not verify"):
        verify_log(folder, signer.vkeys(), witnesses=vkeys, quorum=1)
