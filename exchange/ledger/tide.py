"""How far the log has come, for those who wait for it. All who wait share one look at the database, every few ms.

Waiting costs no thread: a request that is held sleeps in the event loop, so many may wait and others are still served.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from exchange.ledger import proofs, quorum
from exchange.ledger.store import Store

LOOK_EVERY_S = 0.015
HELD_MAX = 64
"""So many may wait for the next checkpoint to cosign: anybody may ask, and a policy names fewer witnesses."""
_INDEX = "SELECT i.idx FROM event e JOIN event_index i ON i.n = e.n WHERE e.id = "
T = TypeVar("T")


class Crowded(Exception):
    """So many wait already that no more are held. Ask again."""


class Look(Generic[T]):
    """Something of the database that many want to see changing."""

    def __init__(self, store: Store, seen: Callable[[Connection], T]) -> None:
        self._store, self._seen = store, seen
        self._lock = asyncio.Lock()
        self._known: list[T] = []
        self._next_s = 0.0

    async def now(self) -> T:
        """What is there; at most so many ms old."""
        async with self._lock:
            if not self._known or time.monotonic() >= self._next_s:
                self._known = [await run_in_threadpool(self._looked)]
                self._next_s = time.monotonic() + LOOK_EVERY_S
            return self._known[0]

    def _looked(self) -> T:
        with self._store.reading() as connection:
            return self._seen(connection)


class Tide:
    """The sizes that rise: of what is published, and of what witnesses are asked to cosign."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._published = Look(store, proofs.published_size)
        self._candidate = Look(store, quorum.candidate_size)
        self._held = 0

    async def covers(self, event_id: str, wait_s: float) -> bool:
        """Whether a published checkpoint covers the entry, now or within the time. A database away covers nothing."""
        seen, index = -1, None
        try:
            async with asyncio.timeout(wait_s):
                while True:
                    size = await self._published.now()
                    if size != seen:
                        seen = size
                        index = await run_in_threadpool(self._index, event_id) if index is None else index
                        if index is not None and index < size:
                            return True
                    await asyncio.sleep(LOOK_EVERY_S)
        except (TimeoutError, SQLAlchemyError):
            return False

    async def other_candidate(self, than: int, wait_s: float) -> int | None:
        """The size to cosign once it is another one than this; None when the time passes before. Raises `Crowded`."""
        deadline_s = time.monotonic() + wait_s
        size = await self._candidate.now()
        if size not in (None, than) or not wait_s:
            return None if size == than else size
        if self._held >= HELD_MAX:
            raise Crowded("too many wait already")
        self._held += 1
        try:
            while size in (None, than) and time.monotonic() < deadline_s:
                await asyncio.sleep(LOOK_EVERY_S)
                size = await self._candidate.now()
        finally:
            self._held -= 1
        return None if size == than else size

    def _index(self, event_id: str) -> int | None:
        with self._store.reading() as connection:
            mark = "?" if connection.dialect.name == "sqlite" else "%s"
            found: int | None = connection.exec_driver_sql(_INDEX + mark, (event_id,)).scalar()
            return found
