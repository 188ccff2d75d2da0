"""What goes wrong, and what happens then: one test for each failure that is not shown elsewhere.

| failure | shown by |
|---|---|
| killed before the commit | `test_append.py` (a fact whose transaction fails), `tests/bench/test_breaking.py` |
| killed after the commit, before sequencing | here |
| killed inside the sequencing | here; at every system call in `tests/bench/test_breaking.py` |
| killed after integration, before guard or signature | here |
| killed after the guard, before the note is stored | `test_sequencing.py` (a note lost between guard and database) |
| a disk that fails | `tests/bench/test_breaking.py`, `tests/faults/test_lost_connections.py` (a failing file) |
| a database restored from a backup | `tests/attacks/rewritten_history/test_restores_a_backup.py` |
| the guard lost | `test_sequencing.py` (a lost guard is not rebuilt from the database) |
| two sequencers | `test_sequencing.py` (concurrent), `tests/attacks/rewritten_history/test_runs_two_sequencers.py` |
| the clock steps back | `test_loop.py`, `test_sequencing.py`, `test_keeping.py` |
| a witness away | `test_quorum.py` (witnesses that are away, that missed each other) |
| a witness shown a fork | `tests/attacks/rewritten_history/test_shows_two_readers_a_fork.py` |
| the disk full | here |
| an entry too large or malformed | here, `test_append.py` |
| bytes that are no entry, put into the table itself | here |
"""

from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from exchange.client.verify import VerificationRefused, verify_log
from exchange.kernel.caller import NOBODY
from exchange.kernel.clock import system_clock
from exchange.kernel.errors import Unavailable
from exchange.kernel.unit import Ground
from exchange.ledger.entries import append
from exchange.ledger.export import export
from exchange.ledger.guard import Guard, GuardedKeys
from exchange.ledger.sequencer import Sequencer, place_batch
from exchange.ledger.served import health
from exchange.ledger.signer import sign_head
from exchange.ledger.store import Store
from exchange.wire.notes import LogSigner
from policies.engine import load_policies
from tests.exchange.ledger.facts import NOW_US, draft, write


class Killed(Exception):
    """Here the process ended."""


def one(store: Store, sql: str) -> object:
    with store.reading() as connection:
        return connection.exec_driver_sql(sql).scalar()


def test_what_was_committed_before_a_kill_is_placed_by_the_next_process(store: Store) -> None:
    write(store, draft("ord_a"), draft("ord_b"))
    store.close()

    again = Store(store.url)
    with again.reading() as connection:
        assert health(connection)["backlog"] == 2
    assert Sequencer(again).run_once() == 2
    assert one(again, "SELECT count(*) FROM pending") == 0
    again.close()


def placed_and_killed(store: Store) -> None:
    with store.writing() as connection:
        assert place_batch(connection) == 2
        raise Killed


def test_a_sequencing_broken_off_at_its_last_step_leaves_nothing_behind(store: Store) -> None:
    write(store, draft("ord_a"), draft("ord_b"))

    with pytest.raises(Killed):
        placed_and_killed(store)

    assert [one(store, f"SELECT count(*) FROM {table}") for table in ("event_index", "tile", "pending")] == [0, 0, 2]
    assert Sequencer(store).run_once() == 2


def test_a_head_that_was_not_signed_is_signed_later_with_what_came_after_it(
    store: Store, signer: LogSigner, guard: Guard
) -> None:
    write(store, draft("ord_a"))
    Sequencer(store).run_once()
    store.close()  # Killed here.
    again = Store(store.url)
    write(again, draft("ord_b"))
    Sequencer(again).run_once()

    signed = sign_head(again, GuardedKeys(signer, guard), NOW_US)

    assert signed is not None
    assert signed.size == 2
    again.close()


def test_on_a_full_disk_a_fact_does_not_happen_and_the_answer_is_to_come_back(store: Store) -> None:
    if not store.is_sqlite:
        return  # A server says so itself, and is then answered for like any server that cannot work.
    ground = Ground(store, system_clock, load_policies())
    with store.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # No page more than there are.

    with pytest.raises(Unavailable, match="the disk is full"), ground.writing(NOBODY) as unit:
        append(unit.connection, [draft(f"ord_{n}") for n in range(200)])

    assert one(store, "SELECT count(*) FROM event") == 0
    with store.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 100000")
    write(store, draft("ord_a"))


def test_an_entry_too_large_never_becomes_a_fact(store: Store) -> None:
    with pytest.raises((ValidationError, ValueError, DBAPIError)):
        write(store, draft("ord_" + "a" * 9_000))

    assert one(store, "SELECT count(*) FROM event") == 0


def test_bytes_that_are_no_entry_do_not_stop_the_sequencer_and_are_caught_by_every_reader(
    store: Store, signer: LogSigner, guard: Guard, tmp_path: Path
) -> None:
    """The house writes only what it read back as an entry; who writes past it is seen, and stops nobody else."""
    write(store, draft("ord_a"))
    with store.writing() as connection:
        drop = "DROP TRIGGER event_no_update" + ("" if store.is_sqlite else " ON event")
        connection.exec_driver_sql(drop)
        connection.exec_driver_sql("UPDATE event SET body = " + ("x'fffe'" if store.is_sqlite else r"'\xfffe'::bytea"))
    write(store, draft("ord_b"))

    assert Sequencer(store).run_once() == 2

    sign_head(store, GuardedKeys(signer, guard), NOW_US)
    export(store, tmp_path / "export", signer.vkeys())
    with pytest.raises(VerificationRefused, match="6 entries"):
        verify_log(tmp_path / "export", signer.vkeys())
