"""A superuser moves the head of the tree, or gives it another root: the holder of the keys asks for proof."""

import pytest

from exchange.ledger.proofs import MissingTile
from exchange.ledger.sequencer import HeadMoved, Sequencer
from tests.attacks.rewritten_history.books import Log
from tests.exchange.ledger.facts import draft, write


def test_another_root_at_the_same_size_is_not_signed(log: Log) -> None:
    log.edit("UPDATE head SET root = ?", bytes(32))

    assert log.not_signed() == "the tree does not continue what was signed"


def test_a_head_put_back_is_not_signed(log: Log) -> None:
    log.edit("UPDATE head SET size = 5")

    assert log.not_signed() == "the tree is smaller than what was signed"


def test_a_head_put_forward_is_neither_signed_nor_built_upon(log: Log) -> None:
    log.edit("UPDATE head SET size = 9")
    write(log.store, draft("ord_late"))

    with pytest.raises(HeadMoved, match="the tiles do not reach the head"):
        Sequencer(log.store).run_once()
    with pytest.raises(MissingTile):
        log.sign()
    assert log.read("SELECT max(size) FROM checkpoint")[0][0] == 8
