"""A payout as facts: what one payee is paid for one thing, from the order to pay to its end (rulebook 3.8).

The order to pay is recorded with the business that owes it; the rail is told later, by the teller. A rail's silence is
never read as a no: from RETRYING and from FAILED_MANUAL a payout may turn out to be settled.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from exchange.kernel import ids
from exchange.kernel.entity import Entity, Event
from exchange.settlement.lines import Posting
from exchange.settlement.rails import RailStatus, Wallet
from exchange.wire.acts import Digest, Fen


class PayoutState(StrEnum):
    NEW = "NEW"
    ORDERED = "ORDERED"
    SUBMITTED = "SUBMITTED"
    RETRYING = "RETRYING"
    DEFERRED = "DEFERRED"
    FAILED_MANUAL = "FAILED_MANUAL"
    SETTLED = "SETTLED"
    REVERSED = "REVERSED"


class PayoutOrdered(Event):
    """This is to be paid. Nobody was told yet."""

    settlement_id: str
    order_id: str
    batch_id: str
    payee_id: str
    amount_fen: Fen


class PayoutSubmitted(Event):
    """An attempt to pay one part. `approvers` are the two persons who sent a failed one again."""

    part: Annotated[int, Field(ge=1)]
    part_fen: Fen
    wallet: Wallet
    reference: str
    """Of the account it goes to, whatever account the payee names while it is on its way."""
    attempt: Annotated[int, Field(ge=1)]
    approvers: tuple[str, ...]
    rule_ids: tuple[str, ...]


class PayoutPartPaid(Event):
    """A part is paid, and there is more to pay: no payment is larger than the wallet takes at once."""

    part_fen: Fen
    rail_reference: str
    lines: Posting


class PayoutSettled(Event):
    """All of it is paid; this is the last part."""

    part_fen: Fen
    rail_reference: str
    lines: Posting


class PayoutRetrying(Event):
    attempt: int
    code: str
    retry_at: int
    """Not before this, in microseconds."""


class PayoutDeferred(Event):
    """The wallet takes no more today; what is left is tried again tomorrow."""

    code: str
    left_fen: Fen
    retry_at: int


class PayoutBankOffered(Event):
    """Five days did not help: the payee is told that a bank account would take it."""

    code: str
    left_fen: Fen
    retry_at: int


class PayoutFailed(Event):
    """People must look at it; the money stays where it is."""

    attempt: int
    code: str


class PayoutFixApproved(Event):
    """One of two persons has verified the payee's account; its digest binds both to the same one."""

    by: str
    account_digest: Digest


class PayoutReversed(Event):
    """The rail took the money back."""

    by: str
    cause: str
    rail_reference: str
    lines: Posting


class Payout(Entity):
    """What one payee is paid for one thing. Each part has one idempotency key, for ever."""

    NEXT = {
        (PayoutState.NEW, PayoutOrdered): PayoutState.ORDERED,
        (PayoutState.ORDERED, PayoutSubmitted): PayoutState.SUBMITTED,
        (PayoutState.ORDERED, PayoutDeferred): PayoutState.DEFERRED,
        (PayoutState.DEFERRED, PayoutDeferred): PayoutState.DEFERRED,
        (PayoutState.DEFERRED, PayoutBankOffered): PayoutState.DEFERRED,
        (PayoutState.DEFERRED, PayoutSubmitted): PayoutState.SUBMITTED,
        (PayoutState.SUBMITTED, PayoutPartPaid): PayoutState.ORDERED,
        (PayoutState.SUBMITTED, PayoutSettled): PayoutState.SETTLED,
        (PayoutState.SUBMITTED, PayoutRetrying): PayoutState.RETRYING,
        (PayoutState.SUBMITTED, PayoutFailed): PayoutState.FAILED_MANUAL,
        (PayoutState.RETRYING, PayoutSubmitted): PayoutState.SUBMITTED,
        (PayoutState.RETRYING, PayoutRetrying): PayoutState.RETRYING,
        (PayoutState.RETRYING, PayoutPartPaid): PayoutState.ORDERED,
        (PayoutState.RETRYING, PayoutSettled): PayoutState.SETTLED,
        (PayoutState.RETRYING, PayoutFailed): PayoutState.FAILED_MANUAL,
        (PayoutState.FAILED_MANUAL, PayoutFixApproved): PayoutState.FAILED_MANUAL,
        (PayoutState.FAILED_MANUAL, PayoutSubmitted): PayoutState.SUBMITTED,
        (PayoutState.SETTLED, PayoutReversed): PayoutState.REVERSED,
    }
    settlement_id: str = ""
    order_id: str = ""
    batch_id: str = ""
    payee_id: str = ""
    amount_fen: int = 0
    paid_fen: int = 0
    part: int = 0
    part_fen: int = 0
    wallet: Wallet = Wallet.BANK
    reference: str = ""
    attempt: int = 0
    refused: int = 0
    """How often the rail refused the part for good: each time the next attempt has a key of its own."""
    code: str = ""
    retry_at: int = 0
    deferred_days: int = 0
    approved_by: str = ""
    account_digest: str = ""

    def learned(self, event: Event) -> dict[str, Any]:
        """An approval stands until the payout is sent again; a part that was paid makes room for the next."""
        known = super().learned(event)
        if isinstance(event, PayoutFixApproved):
            known["approved_by"] = event.by
        elif isinstance(event, PayoutSubmitted):
            known |= {"approved_by": "", "account_digest": "", "code": "", "deferred_days": 0}
            known["refused"] = self.refused + 1 if self.code == RailStatus.REJECTED else self.refused
        elif isinstance(event, PayoutPartPaid | PayoutSettled):
            known |= {"paid_fen": self.paid_fen + event.part_fen, "attempt": 0, "refused": 0, "code": ""}
        elif isinstance(event, PayoutDeferred | PayoutBankOffered):
            known["deferred_days"] = self.deferred_days + 1
        return known

    @property
    def left_fen(self) -> int:
        return self.amount_fen - self.paid_fen

    @property
    def due_at(self) -> int:
        """From when the teller looks at it; 0 for never."""
        if self.state in (PayoutState.RETRYING, PayoutState.DEFERRED):
            return self.retry_at
        return 1 if self.state in (PayoutState.ORDERED, PayoutState.SUBMITTED) else 0

    @property
    def key(self) -> str:
        """The idempotency key of the part under way. Silence keeps it; only a rail's final no makes way for another."""
        if self.part <= 1 and not self.refused:
            return self.id
        return ids.derived("pay", self.id, str(self.part), str(self.refused))
