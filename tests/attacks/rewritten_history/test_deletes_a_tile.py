"""A tile, a bundle, a checkpoint or the list of keys is taken away."""

from pathlib import Path

import pytest

from exchange.ledger.proofs import MissingTile
from exchange.ledger.sequencer import HeadMoved, Sequencer
from tests.attacks.rewritten_history.books import Log, refused
from tests.exchange.ledger.facts import draft, write


def test_without_a_tile_of_the_edge_nothing_more_is_placed(log: Log) -> None:
    log.edit("DELETE FROM tile")
    write(log.store, draft("ord_late"))

    with pytest.raises(HeadMoved, match="the tiles do not reach the head"):
        Sequencer(log.store).run_once()
    with pytest.raises(MissingTile, match="a tile of the tree is missing"):
        log.exported()


def test_without_a_full_tile_no_log_is_handed_out(log: Log) -> None:
    log.grow(260)
    log.edit("DELETE FROM tile WHERE level = 0 AND n = 0")

    with pytest.raises(MissingTile, match="a tile of the tree is missing"):
        log.exported()
    assert refused(log.home / f"export{log.exports}").startswith("2 signature: a file is missing")


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("keys.txt", "1 keys: a file is missing"),
        ("checkpoint", "2 signature: a file is missing"),
        ("tile/entries/000", "4 tiles: a file is missing"),
        ("tile/0/000", "4 tiles: a tile is missing"),
        ("tile/1/000.p/1", "4 tiles: a tile is missing"),
    ],
)
def test_a_deleted_file_is_missed(folder: Path, name: str, check: str) -> None:
    (folder / name).unlink()

    assert refused(folder) == check
