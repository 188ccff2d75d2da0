"""Consent of one individual to what is computed over one asset (rulebook 3.11; PIPL 14, 15, 23, 29, 31). Pure.

The person stands in no fact: only the pseudonym it has for this asset. Withdrawal does not undo what was done before.
"""

from enum import StrEnum

from exchange.kernel.clock import SECOND
from exchange.kernel.entity import Entity, Event


class ConsentState(StrEnum):
    NEW = "NEW"
    GRANTED = "GRANTED"
    ACTIVE = "ACTIVE"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"
    SUPERSEDED = "SUPERSEDED"


class ConsentGranted(Event):
    """What the person agrees to. `separate`: asked for by itself, not among other terms."""

    pseudonym: str
    asset_id: str
    purposes: tuple[str, ...]
    modes: tuple[str, ...]
    kinds: tuple[str, ...]
    recipients: tuple[str, ...]
    """Participants who may receive answers; none named is any licensed buyer."""
    retention_days: int
    separate: bool
    proceeds_accepted: bool
    under_14: bool
    valid_to_s: int


class ConsentCountersigned(Event):
    """The guardian agrees for a child; known by a pseudonym too."""

    guardian: str


class ConsentActivated(Event):
    """Whoever holds the data has found the person's records: how many they are is the person's weight."""

    records: int
    by: str


class ConsentWithdrawn(Event):
    pass


class ConsentExpired(Event):
    pass


class ConsentSuperseded(Event):
    """The person agreed to something else instead."""

    by_consent: str


class Consent(Entity):
    """One consent, from the person's word to its end. Only an ACTIVE one puts the person's records into a job."""

    NEXT = {
        (ConsentState.NEW, ConsentGranted): ConsentState.GRANTED,
        (ConsentState.GRANTED, ConsentCountersigned): ConsentState.GRANTED,
        (ConsentState.GRANTED, ConsentActivated): ConsentState.ACTIVE,
        (ConsentState.GRANTED, ConsentWithdrawn): ConsentState.WITHDRAWN,
        (ConsentState.GRANTED, ConsentExpired): ConsentState.EXPIRED,
        (ConsentState.GRANTED, ConsentSuperseded): ConsentState.SUPERSEDED,
        (ConsentState.ACTIVE, ConsentWithdrawn): ConsentState.WITHDRAWN,
        (ConsentState.ACTIVE, ConsentExpired): ConsentState.EXPIRED,
        (ConsentState.ACTIVE, ConsentSuperseded): ConsentState.SUPERSEDED,
    }
    pseudonym: str = ""
    asset_id: str = ""
    purposes: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    retention_days: int = 0
    separate: bool = False
    proceeds_accepted: bool = False
    under_14: bool = False
    valid_to_s: int = 0
    guardian: str = ""
    records: int = 0

    @property
    def due_at(self) -> int:
        """When time ends it, in microseconds; 0 for never."""
        lives = self.state in (ConsentState.GRANTED, ConsentState.ACTIVE)
        return self.valid_to_s * SECOND if lives else 0
