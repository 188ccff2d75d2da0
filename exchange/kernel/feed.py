"""Followers of the log: each reads sequenced entries after its own cursor, at least once, in order.

A follower can be killed at any instruction: its effect must be idempotent by the id of the fact, because the cursor
moves only after the effect.
"""

from collections.abc import Callable
from threading import Event as Signal

import structlog
from sqlalchemy import BigInteger, Connection, select, update
from sqlmodel import Field, SQLModel

from exchange.kernel.facts import Fact, read
from exchange.ledger import entries, proofs
from exchange.ledger.store import Store

PAGE = 200
log = structlog.get_logger()


class CursorRow(SQLModel, table=True):
    """How far a follower has read: the index of the last entry it has dealt with, -1 before the first."""

    __tablename__ = "cursor"
    follower: str = Field(primary_key=True)
    idx: int = Field(sa_type=BigInteger)


def covered(connection: Connection) -> int:
    """How many entries the newest published checkpoint covers."""
    newest = proofs.newest_checkpoint(connection)
    return 0 if newest is None else newest[0].size


class Follower:
    """Calls `handle` for every fact that a published checkpoint covers."""

    def __init__(self, name: str, store: Store, handle: Callable[[Fact], None]) -> None:
        self.name = name
        self._store = store
        self._handle = handle

    def run_once(self) -> int:
        """Deal with one page; answers how many facts there were. An error leaves the cursor before its fact."""
        done = position = self._position()
        with self._store.reading() as connection:
            limit = min(PAGE, covered(connection) - 1 - position)
            page = entries.after(connection, position, limit) if limit > 0 else []
        if not page:
            return 0
        try:
            for stored in page:
                self._handle(read(stored))
                done = stored.idx if stored.idx is not None else done
        finally:
            if done != position:
                self._move(done)
        return len(page)

    def run(self, stop: Signal, pause_s: float) -> None:
        """Follow until told to stop. An unreachable neighbour (broker, database) is waited for, not died of."""
        while not stop.is_set():
            try:
                if self.run_once() == 0:
                    stop.wait(pause_s)
            except Exception as error:
                log.warning("follower.failed", follower=self.name, error=type(error).__name__)
                stop.wait(1.0)

    def _position(self) -> int:
        with self._store.reading() as connection:
            table = SQLModel.metadata.tables["cursor"]
            found = connection.execute(select(table.c.idx).where(table.c.follower == self.name)).scalar()
        return -1 if found is None else int(found)

    def _move(self, idx: int) -> None:
        with self._store.writing() as connection:
            table = SQLModel.metadata.tables["cursor"]
            moved = connection.execute(update(table).where(table.c.follower == self.name).values(idx=idx))
            if moved.rowcount == 0:
                connection.execute(table.insert().values(follower=self.name, idx=idx))
