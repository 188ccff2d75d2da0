"""Whether the log keeps up with what is recorded. Looks at most once a second; never places or signs anything.

A fact that cannot be logged must not happen: who takes new facts asks here first. Witnesses that are away are no reason
to stop: what is signed can be cosigned later. Measured by progress and not by the times in the facts, so that no clock
but this process's own has a say.
"""

import time
from collections.abc import Callable
from threading import Lock

from sqlalchemy import Connection

from exchange.ledger.store import Store

PENDING_MAX = 50_000
STOPPED_AFTER_S = 5
LOOK_EVERY_S = 1
STOPPED, BEHIND = "E_LOG_STOPPED", "E_LOG_BEHIND"

_LOOK = (
    "SELECT (SELECT count(*) FROM (SELECT 1 FROM pending LIMIT {}) AS waiting), "
    "(SELECT size FROM head WHERE id = 1), "
    "(SELECT coalesce(max(size), 0) FROM checkpoint)"
)


class Backlog:
    """What waits to be signed, and since when nothing was signed although something waited."""

    def __init__(
        self, store: Store, clock_s: Callable[[], float] = time.monotonic, *, pending_max: int = PENDING_MAX
    ) -> None:
        self._store, self._clock_s, self._pending_max = store, clock_s, pending_max
        self._look = Lock()
        self._next_look_s: float | None = None
        self._waits_since_s: float | None = None
        self._signed = 0
        self._refusal = ""

    def refusal(self) -> str:
        """The code under which nothing new is taken now; empty while the log keeps up."""
        with self._look:  # One looks; the others wait for what it sees, instead of all asking the database.
            now_s = self._clock_s()
            if self._next_look_s is None or now_s >= self._next_look_s:
                with self._store.reading() as connection:
                    self._refusal = self._seen(connection, now_s)
                self._next_look_s = now_s + LOOK_EVERY_S
            return self._refusal

    def _seen(self, connection: Connection, now_s: float) -> str:
        pending, placed, signed = connection.exec_driver_sql(_LOOK.format(self._pending_max + 1)).one()
        if not pending and placed == signed:
            self._waits_since_s = None
        elif self._waits_since_s is None or signed != self._signed:
            self._waits_since_s = now_s
        self._signed = signed
        if self._waits_since_s is not None and now_s - self._waits_since_s > STOPPED_AFTER_S:
            return STOPPED
        return BEHIND if pending > self._pending_max else ""
