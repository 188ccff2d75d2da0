"""What the log takes in, on both databases; what it refuses, it refuses before anything is written."""

import pytest
from sqlalchemy.exc import DBAPIError

from exchange.ledger.entries import BadDraft, Draft, Section, StaleVersion, after, all_in_order, append, stream
from exchange.ledger.sequencer import Sequencer
from tests.exchange.ledger.facts import draft, write


def count(store, table):
    with store.reading() as connection:
        return connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()


def test_one_statement_writes_the_facts_and_marks_them_pending(store):
    one, two = draft("ord_a", 1), draft("ord_a", 2)
    write(store, one, two)
    assert count(store, "event") == count(store, "pending") == count(store, "section") == 2
    with store.reading() as connection:
        stored = stream(connection, "ord_a")
    assert [(s.entry, s.idx, dict(s.sections)) for s in stored] == [
        (d.entry, None, dict(d.sections)) for d in (one, two)
    ]


def test_a_fact_whose_transaction_fails_leaves_no_trace(store):
    def fail_after_writing():
        with store.writing() as connection:
            append(connection, [draft("ord_a")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_writing()
    assert count(store, "event") == count(store, "pending") == count(store, "section") == 0


def test_the_second_writer_of_one_version_is_told_so(store):
    write(store, draft("ord_a", 1))
    with pytest.raises(StaleVersion):
        write(store, draft("ord_a", 1))
    assert count(store, "event") == 1


@pytest.mark.parametrize("versions", [(2,), (1, 3), (2, 1)])
def test_a_subject_never_skips_a_version(store, versions):
    with pytest.raises(StaleVersion):
        write(store, *(draft("ord_a", version) for version in versions))
    assert count(store, "event") == 0


def test_a_reference_is_to_an_earlier_entry_or_the_fact_does_not_happen(store):
    first = draft("ord_a")
    second = draft("ord_b", refs=(first.entry.id,))
    with pytest.raises(BadDraft):
        write(store, second, first)
    with pytest.raises(BadDraft):
        write(store, draft("ord_c", refs=("evt_nowhere",)))
    write(store, first, second)
    write(store, draft("ord_c", refs=(first.entry.id, second.entry.id)))
    assert count(store, "event") == 3


def test_content_that_does_not_open_its_commitment_is_refused(store):
    good = draft("ord_a")
    salt = good.sections["payload"].salt
    for sections in ({}, {"payload": Section(salt, b"{}")}, {**good.sections, "more": Section(salt, b"{}")}):
        with pytest.raises(BadDraft):
            write(store, Draft(good.entry, sections))
    assert count(store, "event") == 0


def test_a_type_that_is_not_in_the_closed_list_is_refused(store):
    good = draft("ord_a")
    with pytest.raises(BadDraft):
        write(store, Draft(good.entry.model_copy(update={"type": "demo.invented"}), good.sections))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET body = body",
        "DELETE FROM event",
        "UPDATE event_index SET n = n",
        "DELETE FROM event_index",
        "DELETE FROM tile",
        "UPDATE tile SET data = data WHERE n = 0 AND level = 0",
        "DELETE FROM head",
        "UPDATE checkpoint SET note = 'other'",
        "DELETE FROM checkpoint",
    ],
)
def test_the_database_itself_refuses_to_rewrite_history(store, grow, statement):
    grow(257)
    with pytest.raises(DBAPIError, match="append-only"), store.writing() as connection:
        connection.exec_driver_sql(statement)


def test_sqlite_refuses_to_replace_history_in_place(store, grow):
    if not store.is_sqlite:
        return  # PostgreSQL has no REPLACE.
    grow(1)
    with pytest.raises(DBAPIError, match="append-only"), store.writing() as connection:
        connection.exec_driver_sql("INSERT OR REPLACE INTO event SELECT * FROM event")


def test_postgres_refuses_to_truncate_history_too(store, grow):
    if store.is_sqlite:
        return  # SQLite has no TRUNCATE.
    grow(1)
    with pytest.raises(DBAPIError, match="append-only"), store.writing() as connection:
        connection.exec_driver_sql("TRUNCATE event")


def test_a_follower_reads_what_is_sequenced_and_nothing_twice(store):
    drafts = [draft(f"ord_{i}") for i in range(25)]
    write(store, *drafts[:20])
    Sequencer(store).run_once()
    write(store, *drafts[20:])
    seen, cursor = [], -1
    with store.reading() as connection:
        while page := after(connection, cursor, 7):
            seen += page
            cursor = page[-1].idx
        everything = [stored.entry for stored in all_in_order(connection)]
    assert [stored.idx for stored in seen] == list(range(20))
    assert [stored.entry for stored in seen] == [d.entry for d in drafts[:20]]
    assert everything == [d.entry for d in drafts]
