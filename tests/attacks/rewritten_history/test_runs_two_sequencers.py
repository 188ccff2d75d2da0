"""Two sequencers, or a superuser in the name of a second one, give a fact two places or leave a place out."""

from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from exchange.ledger.sequencer import HeadMoved, Sequencer
from tests.attacks.rewritten_history.books import Log, refused
from tests.attacks.rewritten_history.forging import rebuilt
from tests.exchange.ledger.facts import draft, write


def test_a_fact_marked_a_second_time_gets_no_second_place(log: Log) -> None:
    log.edit("INSERT INTO pending (n) SELECT n FROM event_index WHERE idx = 2")

    with pytest.raises(IntegrityError, match="event_index"):
        Sequencer(log.store).run_once()
    assert log.read("SELECT count(*), max(idx) FROM event_index") == [(8, 7)]
    assert log.read("SELECT size FROM head") == [(8,)]


def test_a_second_sequencer_that_works_from_an_old_head_is_stopped(log: Log) -> None:
    """What the first one placed meanwhile, the second finds in the tiles."""
    log.edit("UPDATE head SET size = 5")
    write(log.store, draft("ord_late"))

    with pytest.raises(HeadMoved, match="the tiles do not reach the head"):
        Sequencer(log.store).run_once()
    assert log.read("SELECT count(*), max(idx) FROM event_index") == [(8, 7)]


@pytest.mark.parametrize(
    ("skip", "check"),
    [
        ("UPDATE event_index SET idx = 99 WHERE idx = 7", "4 tiles: a bundle holds another number of entries"),
        ("UPDATE event_index SET idx = 99 WHERE idx = 2", "4 tiles: a bundle holds another number of entries"),
        ("DELETE FROM event_index WHERE idx = 2", "4 tiles: a bundle holds another number of entries"),
    ],
)
def test_an_index_left_out_is_missed(log: Log, skip: str, check: str) -> None:
    log.edit(skip)

    assert refused(log.exported()) == check


def test_two_facts_that_changed_places_do_not_give_the_signed_root(log: Log) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        log.edit("UPDATE event_index SET idx = ? WHERE idx = ?", new, old)

    assert refused(log.exported()).startswith("3 root")


def test_one_fact_at_two_places_is_caught_though_both_keys_signed_it(folder: Path) -> None:
    rebuilt(folder, lambda entries: [*entries[:20], entries[0]])

    assert refused(folder) == "7 ids: an id is used twice"


def test_a_fact_left_out_is_caught_though_both_keys_signed_it(folder: Path) -> None:
    rebuilt(folder, lambda entries: [*entries[:19], entries[20]][1:])

    assert refused(folder).startswith("8 refs")
