"""The domain as a witness: nobody calls it, so it fetches what it is asked to vouch for, and hands in its line.

Its memory is the gate's own: what a ticket was proven by and what was cosigned are one history, or neither happens.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

import structlog

from exchange.wire.envelope import BadEnvelope
from exchange.wire.log_policy import LogPolicy, PolicyFileRefused
from exchange.wire.notes import Checkpoint, NoteRefused, read_checkpoint
from exchange.wire.witnessing import EVIDENCE_MAX, Recorded, Witness, read_request
from workers.claims import Claims
from workers.domain import Domain
from workers.door import Door, Unreachable
from workers.log_keys import LearntKeys

LEARN_EVERY = 10
_UNSIGNED = 403
WAIT_S, UNASKED_S = 10, 2
"""A witness of the policy is told of a new checkpoint at once; others only hold the log to what it showed."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Row:
    """What is remembered of one log, inside one change of the journal."""

    db: sqlite3.Connection
    origin: str

    def recorded(self) -> Recorded:
        row = self.db.execute("SELECT size, root FROM seen WHERE origin = ?", (self.origin,)).fetchone()
        return Recorded(int(row[0]), bytes(row[1])) if row else Recorded()

    def record(self, checkpoint: Checkpoint, note: str) -> None:
        row = (self.origin, checkpoint.size, checkpoint.root, note)
        self.db.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", row)

    def keep_evidence(self, note: str) -> None:
        query = "SELECT count(*) FROM evidence WHERE origin = ?"
        if self.db.execute(query, (self.origin,)).fetchone()[0] < EVIDENCE_MAX:
            held = self.db.execute("SELECT note FROM seen WHERE origin = ?", (self.origin,)).fetchone()
            row = (self.origin, note, held[0] if held else "")
            self.db.execute("INSERT OR IGNORE INTO evidence VALUES (?, ?, ?)", row)


@dataclass(frozen=True, slots=True)
class Journal:
    """The memory of a witness in the domain's own journal."""

    claims: Claims

    @contextmanager
    def turn(self, origin: str) -> Iterator[Row]:
        with self.claims.changing() as db:
            yield Row(db, origin)


@dataclass(slots=True)
class Watch:
    """One domain looking at one log."""

    witness: Witness
    vkey: str
    origin: str
    claims: Claims
    door: Door
    last: Checkpoint | None = None
    keys: LearntKeys | None = None
    looks: int = 0
    was_asked: bool = False

    def look_once(self, wait_s: int = 0) -> bool:
        """Vouch for what is shown, once it is new; answers whether the policy asks for this witness."""
        asked = self.vkey in LogPolicy.parse(self.door.log_policy()).witnesses.values()
        if asked and not self.was_asked:
            self.last = None  # What was only looked at so far is to be handed in now.
        self.was_asked = asked
        old = self.claims.seen(self.origin)[0]  # First: what is shown after this is not older, or is not honest.
        shown = self.door.asked(old, self.last.size if self.last else 0, wait_s if asked else 0)
        if not shown:
            return asked
        checkpoint = read_checkpoint(read_request(shown)[2])[0]
        if checkpoint == self.last:
            return asked
        reply = self.witness.add_checkpoint(shown)
        if reply.status == 200 and asked:
            self.door.cosign(checkpoint.size, reply.body)
        if reply.status == _UNSIGNED and self.learn():
            return self.look_once()  # By keys it did not know a moment ago.
        if reply.status not in (200, 409):
            # Shorter, unsigned, unknown or forked: no checkpoint an honest exchange shows. Somebody should look.
            log.error("witness.refused", code=f"E_HTTP_{reply.status}", size=checkpoint.size)
        self.last = None if reply.status == 409 else checkpoint
        return asked

    def learn(self) -> bool:
        """Whether the log's keys changed. Looked at first, then now and then, and when a signature was missing."""
        return self.keys is not None and self.keys.learn(self.door.key_changes())

    def _learn(self) -> None:
        if self.looks % LEARN_EVERY == 0 and self.learn():
            log.info("log.keys_changed")
        self.looks += 1

    def look_forever(self, stop: Event) -> None:
        """Until `stop`. An exchange that is away, or talks nonsense, is asked again."""
        while not stop.is_set():
            try:
                self._learn()
                pause_s = 0 if self.look_once(WAIT_S) else UNASKED_S
            except (Unreachable, NoteRefused, PolicyFileRefused, BadEnvelope):
                pause_s = UNASKED_S
            stop.wait(pause_s)


def watch_of(
    domain: Domain, claims: Claims, door: Door, clock_s: Callable[[], int], keys: LearntKeys | None = None
) -> Watch:
    """The witness of a domain, with the log keys that were pinned at onboarding, and their changes."""
    vkeys, key = domain.trusted.log_vkeys, domain.witness_key
    origin = vkeys[0].split("+", 1)[0]
    witness = Witness(key, {origin: keys or vkeys}, Journal(claims), clock_s)
    return Watch(witness, key.vkey, origin, claims, door, keys=keys)
