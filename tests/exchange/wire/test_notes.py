"""Checkpoints: every demanded key must have signed exactly this text; the spec's own example opens."""

from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from hypothesis import given
from hypothesis import strategies as st

from exchange.wire.notes import Checkpoint, LogSigner, NoteRefused, open_checkpoint, open_vkey, read_checkpoint

ORIGIN = "ledger.exchange.example/test/2026"
SIGNER = LogSigner(ORIGIN, b"\x01" * 32, b"\x02" * 32)
OTHER = LogSigner(ORIGIN, b"\x03" * 32, b"\x04" * 32)
CHECKPOINT = Checkpoint(ORIGIN, 42, sha256(b"root").digest())
NOTE = SIGNER.sign(CHECKPOINT, 1_767_225_600_123_456)
SPEC_EXAMPLE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+"
    "zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+"
    "mbIUBkBIfZ+qnA==\n"
)


def test_a_checkpoint_signed_by_both_keys_opens():
    assert open_checkpoint(NOTE, SIGNER.vkeys()) == CHECKPOINT


def test_the_example_of_the_specification_reads_as_it_says():
    checkpoint, signatures = read_checkpoint(SPEC_EXAMPLE)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert [name for name, _, _ in signatures] == ["example.com/behind-the-sofa", "witness.example.com/w1"]


def test_the_signed_bytes_are_those_the_specifications_spell_out():
    text, _, lines = NOTE.partition("\n\n")
    classic, quantum_safe = (b64decode(line.split(" ")[2]) for line in lines.splitlines())
    public = [b64decode(vkey.split("+", 2)[2]) for vkey in SIGNER.vkeys()]
    for blob, key in ((classic, public[0]), (quantum_safe, public[1])):
        assert blob[:4] == sha256(ORIGIN.encode() + b"\n" + key).digest()[:4]
    assert (public[0][0], len(public[0]), public[1][0], len(public[1])) == (0x01, 33, 0x06, 1313)
    Ed25519PublicKey.from_public_bytes(public[0][1:]).verify(classic[4:], (text + "\n").encode())
    name = bytes([len(ORIGIN)]) + ORIGIN.encode()
    stamp = (1_767_225_600).to_bytes(8, "big")
    assert quantum_safe[4:12] == stamp
    message = b"subtree/v1\n\x00" + name + stamp + name + bytes(8) + (42).to_bytes(8, "big") + CHECKPOINT.root
    MLDSA44PublicKey.from_public_bytes(public[1][1:]).verify(quantum_safe[12:], message)


def test_a_stripped_signature_of_either_kind_is_a_failure():
    text, _, lines = NOTE.partition("\n\n")
    for line in lines.splitlines():
        with pytest.raises(NoteRefused):
            open_checkpoint(f"{text}\n\n{line}\n", SIGNER.vkeys())


def test_a_reader_who_demands_one_algorithm_alone_or_no_key_at_all_is_refused():
    for vkeys in ([], *([vkey] for vkey in SIGNER.vkeys())):
        with pytest.raises(NoteRefused, match="not of both algorithms"):
            open_checkpoint(NOTE, vkeys)


def test_signatures_of_unknown_keys_are_ignored_and_those_of_other_keys_do_not_help():
    foreign = OTHER.sign(CHECKPOINT, 0).partition("\n\n")[2]
    assert open_checkpoint(NOTE + foreign, SIGNER.vkeys()) == CHECKPOINT
    with pytest.raises(NoteRefused):
        open_checkpoint(OTHER.sign(CHECKPOINT, 0), SIGNER.vkeys())


def test_a_demanded_key_of_another_log_is_refused():
    other = LogSigner("elsewhere.example/log", b"\x01" * 32, b"\x02" * 32)
    with pytest.raises(NoteRefused):
        open_checkpoint(NOTE, [*SIGNER.vkeys(), *other.vkeys()])


def test_the_signer_signs_for_no_other_log():
    with pytest.raises(ValueError, match="another log"):
        SIGNER.sign(Checkpoint("elsewhere.example/log", 1, bytes(32)), 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("\n42\n", "\n43\n"),
        lambda note: note.replace("\n42\n", "\n042\n"),
        lambda note: note.replace("=\n\n", "=\nextension\n\n"),
        lambda note: note[:-1],
        lambda note: note + "\n",
        lambda note: "\n" + note,
        lambda note: note.replace("— ", "- "),
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note.replace("\n", "\r\n"),
        lambda note: note.replace("=\n\n", "\n\n"),
        lambda note: note + "— x y\n" * 65,
        lambda note: "",
        lambda note: note + "\ud800",
    ],
)
def test_a_note_in_any_other_spelling_is_refused(change):
    with pytest.raises(NoteRefused):
        open_checkpoint(change(NOTE), SIGNER.vkeys())


@given(st.integers(0, len(NOTE) - 1), st.characters(max_codepoint=127))
def test_no_single_changed_character_passes(position, character):
    changed = NOTE[:position] + character + NOTE[position + 1 :]
    if changed == NOTE:
        return
    with pytest.raises(NoteRefused):
        open_checkpoint(changed, SIGNER.vkeys())


@pytest.mark.parametrize(
    "change",
    [
        lambda vkey: vkey.replace(vkey.split("+")[1], "00000000"),
        lambda vkey: vkey + "A",
        lambda vkey: vkey.replace("+", " ", 1),
        lambda vkey: "",
        lambda vkey: "a+b",
        lambda vkey: "x+00000000+" + b64encode(b"\x02" + bytes(32)).decode(),
    ],
)
def test_a_malformed_verifier_key_is_refused(change):
    with pytest.raises(NoteRefused):
        open_vkey(change(SIGNER.vkeys()[0]))
