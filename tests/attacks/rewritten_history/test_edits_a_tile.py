"""A superuser changes a hash of an upper level, or of a tile that was full: no entry says otherwise, the tree does."""

import pytest

from exchange.ledger.guard import ForkRefused
from tests.attacks.rewritten_history.books import Log, refused


@pytest.mark.parametrize("level", [0, 1])
def test_an_edited_tile_is_caught_by_who_hashes_the_entries_anew(log: Log, level: int) -> None:
    log.grow(260)
    data = log.tile(level)
    log.edit("UPDATE tile SET data = ? WHERE level = ? AND n = 0", data[:-1] + bytes([data[-1] ^ 1]), level)

    assert refused(log.exported()) == "4 tiles: a tile is not what the entries give"


def test_over_an_edited_upper_tile_nothing_more_is_signed(log: Log) -> None:
    log.grow(260)
    log.edit("UPDATE tile SET data = ? WHERE level = 1 AND n = 0", bytes(32))

    with pytest.raises(ForkRefused, match="the tree does not continue what was signed"):
        log.grow(1)
