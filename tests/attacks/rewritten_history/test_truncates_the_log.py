"""A superuser cuts the newest entries off, with everything that speaks of them."""

from pathlib import Path

import pytest

from exchange.client.verify import verify_log
from exchange.ledger.export import OtherLog
from exchange.ledger.guard import ForkRefused
from tests.attacks.rewritten_history.books import SIGNER, Log, refused
from tests.attacks.rewritten_history.forging import rebuilt, root_of


@pytest.fixture
def remembered(log: Log) -> str:
    """What a reader saw at eight entries, before three of them were cut off."""
    note = log.exported(log.home / "kept").joinpath("checkpoint").read_text()
    log.edit("DELETE FROM event WHERE n IN (SELECT n FROM event_index WHERE idx >= 5)")
    log.edit("DELETE FROM event_index WHERE idx >= 5")
    log.edit("DELETE FROM checkpoint WHERE size > 5")
    log.edit("UPDATE tile SET data = ?", log.tile()[: 5 * 32])
    log.edit("UPDATE head SET size = 5, root = ?", root_of([log.body(index) for index in range(5)]))
    return note


def test_a_reader_who_remembers_a_checkpoint_misses_what_was_cut_off(log: Log, remembered: str) -> None:
    folder = log.exported()

    assert verify_log(folder, SIGNER.vkeys()).size == 5  # Nothing in the folder itself gives it away …
    assert refused(folder, remembered) == "10 memory: the remembered checkpoint is not a prefix of this log"


def test_the_guard_signs_no_shorter_log(log: Log, remembered: str) -> None:
    assert log.not_signed() == "the tree is smaller than what was signed"


def test_a_shorter_log_regrown_is_not_signed_either(log: Log, remembered: str) -> None:
    with pytest.raises(ForkRefused, match="the tree does not continue what was signed"):
        log.grow(6)


def test_a_folder_that_was_exported_before_is_not_cut_off(log: Log, remembered: str) -> None:
    with pytest.raises(OtherLog, match="another log"):
        log.exported(log.home / "kept")


def test_a_shorter_log_signed_with_both_keys_shows_in_the_readers_memory(folder: Path) -> None:
    remembered = (folder / "checkpoint").read_text()
    rebuilt(folder, lambda entries: entries[:20])

    assert verify_log(folder, SIGNER.vkeys()).size == 20
    assert refused(folder, remembered).startswith("10 memory")
