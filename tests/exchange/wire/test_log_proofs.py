"""A log proof is a text one can keep for years: it proves these very bytes, or it is refused."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.wire.merkle import ProofRefused, leaf_hash, node_hash
from exchange.wire.notes import Checkpoint, LogSigner
from exchange.wire.proofs import LogProof, verify_entry

SIGNER = LogSigner("ledger.exchange.example/test/2026", b"\x01" * 32, b"\x02" * 32)
SIBLING = sha256(b"sibling").digest()
NOTE = SIGNER.sign(Checkpoint(SIGNER.origin, 2, node_hash(SIBLING, leaf_hash(b"entry"))), 0)
PROOF = LogProof(1, (SIBLING,), NOTE)


def test_a_proof_survives_its_text_and_verifies():
    assert LogProof.parse(PROOF.text) == PROOF
    assert PROOF.text.startswith("c2sp.org/tlog-proof@v1\nindex 1\n")
    assert verify_entry(PROOF, b"entry", SIGNER.vkeys()).size == 2


def test_the_only_entry_of_a_log_needs_no_hashes():
    alone = LogProof(0, (), SIGNER.sign(Checkpoint(SIGNER.origin, 1, leaf_hash(b"entry")), 0))
    assert verify_entry(LogProof.parse(alone.text), b"entry", SIGNER.vkeys()).size == 1


@pytest.mark.parametrize(
    "wrong",
    [
        (LogProof(0, (SIBLING,), NOTE), b"entry"),
        (LogProof(2, (SIBLING,), NOTE), b"entry"),
        (LogProof(1, (), NOTE), b"entry"),
        (LogProof(1, (SIBLING, SIBLING), NOTE), b"entry"),
        (LogProof(1, (SIBLING,), NOTE.rpartition("— ")[0]), b"entry"),
        (PROOF, b"other entry"),
    ],
)
def test_a_proof_of_something_else_is_refused(wrong):
    with pytest.raises(ProofRefused):
        verify_entry(*wrong, SIGNER.vkeys())


@pytest.mark.parametrize(
    "text",
    [
        "",
        PROOF.text.replace("index 1", "index 01"),
        PROOF.text.replace("index 1", "index -1"),
        PROOF.text.replace("index 1\n", ""),
        PROOF.text.replace("@v1", "@v2"),
        PROOF.text.replace("@v1\n", "@v1\nextra AAAA\n"),
        PROOF.text.replace("index 1\n", "index 1\n" + "A" * 43 + "=\n" * 64),
        "x" * 300_000,
    ],
)
def test_a_text_that_is_no_proof_is_refused(text):
    with pytest.raises(ProofRefused):
        LogProof.parse(text)


@given(st.integers(0, len(PROOF.text) - 1), st.characters(max_codepoint=127))
def test_no_single_changed_character_passes(position, character):
    text = PROOF.text[:position] + character + PROOF.text[position + 1 :]
    if text == PROOF.text:
        return
    with pytest.raises(ProofRefused):
        verify_entry(LogProof.parse(text), b"entry", SIGNER.vkeys())
