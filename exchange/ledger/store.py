"""The database and the manners of writing to it. Knows nothing of what is stored.

SQLite has one writer: every write of this process stands in one first-come-first-served line, because
SQLite's own busy handler sleeps and is not fair. PostgreSQL orders its writers by itself.
"""

import os
import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import create_engine

_WAIT, _SWEEP_WAIT = 30_000, 250
"""Milliseconds for a lock; a sweep holds up all who write, so it waits for nobody long."""

# Without recursive triggers, INSERT OR REPLACE would delete a row behind the back of the trigger that forbids it.
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    f"busy_timeout={_WAIT}",
    "foreign_keys=ON",
    "recursive_triggers=ON",
    "secure_delete=ON",  # What is deleted is overwritten, not only forgotten.
)


class FifoLock:
    """A lock that serves in order of arrival; a plain `threading.Lock` lets a busy thread take it again and again."""

    def __init__(self) -> None:
        self._mutex = Lock()
        self._held = False
        self._line: deque[Lock] = deque()

    def __enter__(self) -> None:
        with self._mutex:
            if not self._held:
                self._held = True
                return
            turn = Lock()
            turn.acquire()
            self._line.append(turn)
        turn.acquire()

    def __exit__(self, *_: object) -> None:
        with self._mutex:
            if self._line:
                self._line.popleft().release()
            else:
                self._held = False


class Store:
    """One database: `writing()` is a transaction that may change it, `reading()` one that may not."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._line = FifoLock()
        if self.is_sqlite:
            _make_private(url)
            self._writer = _sqlite(url, begin="BEGIN IMMEDIATE")
            self._reader = _sqlite(url, begin="BEGIN DEFERRED")
        else:
            self._writer = self._reader = create_engine(url, pool_size=16, max_overflow=16, pool_pre_ping=True)

    @property
    def engine(self) -> Engine:
        return self._writer

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: committed when the block ends, undone when it raises."""
        if not self.is_sqlite:
            with self._writer.begin() as connection:
                yield connection
            return
        with self._line, self._writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view of the database that never waits for the writer's line."""
        with self._reader.connect() as connection:
            yield connection

    def swept(self, table: str) -> bool:
        """See that what was deleted from a table is nowhere else either. False when a reader is in the way: ask again.

        SQLite keeps the old pages in its write-ahead log until that is truncated; PostgreSQL the old rows in the file.
        """
        with suppress(SQLAlchemyError, sqlite3.Error):
            return self._truncated() if self.is_sqlite else self._rewritten(table)
        return False

    def _truncated(self) -> bool:
        with self._line, self._writer.connect() as connection:
            raw = connection.connection.cursor()
            try:
                raw.execute(f"PRAGMA busy_timeout={_SWEEP_WAIT}")
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                return [row[0] for row in raw.fetchall()] == [0]
            finally:
                raw.execute(f"PRAGMA busy_timeout={_WAIT}")
                raw.close()

    def _rewritten(self, table: str) -> bool:
        with self._writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SET lock_timeout = '2s'")
            try:
                connection.exec_driver_sql(f"VACUUM (FULL) {table}")
            finally:
                connection.exec_driver_sql("RESET lock_timeout")
        return True

    def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()


def _make_private(url: str) -> None:
    """The file is its owner's alone, in whatever folder it lies; SQLite gives the files beside it the same mode."""
    path = make_url(url).database or ""
    if path not in ("", ":memory:") and not path.startswith("file:"):
        # Never one that is there: closing it would drop the locks this process holds on it.
        with suppress(OSError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _sqlite(url: str, begin: str) -> Engine:
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 30})

    @event.listens_for(engine, "connect")
    def _on_connect(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # The driver must not begin transactions behind our back.
        for pragma in _PRAGMAS:
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
