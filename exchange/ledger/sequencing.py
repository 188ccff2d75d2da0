"""The loop that places facts and signs checkpoints: a thread beside SQLite, a process beside PostgreSQL.

Never an RQ job: those run at least once and have no single runner.
"""

from collections.abc import Callable
from threading import Event

import structlog
from sqlalchemy.exc import OperationalError

from exchange.ledger.guard import ClockSteppedBack, Keyholder
from exchange.ledger.keeping import SignerAway
from exchange.ledger.sequencer import HeadMoved, Sequencer
from exchange.ledger.signer import sign_head
from exchange.ledger.store import Store

log = structlog.get_logger()
_RETRY_S = 1.0


class SequencerLoop:
    """Runs until told to stop. A refusal to sign ends it: what may not be signed does not become so by waiting."""

    def __init__(
        self,
        store: Store,
        holder: Keyholder,
        clock: Callable[[], int],
        cadence_s: float,
        stop: Event,
        wake: Event,
        needs_quorum: bool = False,
    ) -> None:
        self._store, self._holder = store, holder
        self._clock, self._cadence_s = clock, cadence_s
        self._stop, self._wake, self._needs_quorum = stop, wake, needs_quorum
        self._sequencer = Sequencer(store)
        self.failure: Exception | None = None

    def run(self) -> None:
        """Woken, it works at once; busy, it rests one cadence between rounds; idle, it looks once a cadence."""
        try:
            while not self._stop.is_set():
                self._wake.wait(self._cadence_s)
                self._wake.clear()
                if self._round():
                    self._stop.wait(self._cadence_s)
            self._round()  # What was committed before the stop is placed and signed before it ends.
        except Exception as failure:
            self.failure = failure
            log.critical("log.sequencing_stopped", error=type(failure).__name__)
            raise

    def _round(self) -> bool:
        """Place all there is and sign the new head; answers whether there was anything to do."""
        try:
            placed = 0
            while count := self._sequencer.run_once():
                placed += count
            signed = sign_head(self._store, self._holder, self._clock(), needs_quorum=self._needs_quorum)
            return signed is not None or placed > 0
        except (HeadMoved, ClockSteppedBack, SignerAway, OperationalError) as passing:
            if isinstance(passing, OperationalError) and not _will_pass(passing):
                raise
            log.warning("log.sequencing_delayed", error=type(passing).__name__)
            self._stop.wait(_RETRY_S)
            return False


def _will_pass(error: OperationalError) -> bool:
    """A server may come back and a lock be released; a failing disk under SQLite must end the process instead."""
    name = getattr(error.orig, "sqlite_errorname", None)
    return name is None or name in ("SQLITE_BUSY", "SQLITE_LOCKED")
