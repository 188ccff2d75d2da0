"""Cause after effect: a fact is made to rest on one that came later, or never. The house refuses; a superuser can."""

from pathlib import Path

import pytest

from exchange.ledger.entries import BadDraft
from exchange.ledger.sequencer import Sequencer
from tests.attacks.rewritten_history.books import Log, refused
from tests.attacks.rewritten_history.forging import changed, rebuilt
from tests.exchange.ledger.facts import draft, write


def test_the_house_itself_takes_no_such_fact(log: Log) -> None:
    later = draft("ord_later")

    with pytest.raises(BadDraft, match="a reference is to no earlier entry"):
        log.write(draft("ord_a", refs=(later.entry.id,)), later)


def test_one_put_into_the_database_before_it_is_placed_is_caught_though_it_is_signed(log: Log) -> None:
    first, later = draft("ord_first"), draft("ord_later")
    write(log.store, first, later)
    log.edit(
        "UPDATE event SET body = ? WHERE id = ?", changed(first.entry.encode(), refs=[later.entry.id]), first.entry.id
    )
    Sequencer(log.store).run_once()
    log.sign()

    assert refused(log.exported()) == "8 refs: an entry refers to one that is not before it"


def test_an_entry_moved_before_what_it_refers_to_is_caught_though_both_keys_signed_it(folder: Path) -> None:
    rebuilt(folder, lambda entries: [entries[20], *entries[:20]])

    assert refused(folder).startswith("8 refs")


def test_a_reference_to_nothing_is_caught_though_both_keys_signed_it(folder: Path) -> None:
    rebuilt(folder, lambda entries: [changed(entries[0], refs=["evt_nowhere"]), *entries[1:20]])

    assert refused(folder).startswith("8 refs")
