"""A superuser changes one hash of the lowest level, the only place where a leaf is kept."""

import pytest

from exchange.ledger.guard import ForkRefused
from exchange.ledger.proofs import log_proof
from exchange.wire import canonical
from exchange.wire.merkle import ProofRefused, leaf_hash
from exchange.wire.proofs import LogProof, verify_entry
from tests.attacks.rewritten_history.books import SIGNER, Log, refused
from tests.exchange.ledger.facts import draft


@pytest.fixture
def edited(log: Log) -> Log:
    log.edit("UPDATE tile SET data = ? WHERE level = 0 AND n = 0", leaf_hash(b"another") + log.tile()[32:])
    return log


def test_a_leaf_that_is_not_its_entry_s_is_caught_at_the_tiles(edited: Log) -> None:
    assert refused(edited.exported()) == "4 tiles: a tile is not what the entries give"


def test_over_an_edited_leaf_nothing_more_is_signed(edited: Log) -> None:
    with pytest.raises(ForkRefused, match="the tree does not continue what was signed"):
        edited.write(draft("ord_late"))


def test_a_proof_that_passes_an_edited_leaf_gives_another_root(edited: Log) -> None:
    body = edited.body(1)

    with edited.store.reading() as connection:
        proof = log_proof(connection, canonical.decode(body)["id"]).text
    with pytest.raises(ProofRefused, match="the entry is not in that tree"):
        verify_entry(LogProof.parse(proof), body, SIGNER.vkeys())
