"""A payout as facts: one payee's part of one settlement, from its first attempt to its end (rulebook 3.8).

A rail's silence is never read as a no: from RETRYING and from FAILED_MANUAL a payout may turn out to be settled.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from exchange.kernel.entity import Entity, Event
from exchange.settlement.lines import Posting
from exchange.wire.acts import Digest, Fen


class PayoutState(StrEnum):
    NEW = "NEW"
    SUBMITTED = "SUBMITTED"
    RETRYING = "RETRYING"
    FAILED_MANUAL = "FAILED_MANUAL"
    SETTLED = "SETTLED"
    REVERSED = "REVERSED"


class PayoutSubmitted(Event):
    """An attempt to pay. `approvers` are the two persons who sent a failed one again."""

    settlement_id: str
    order_id: str
    batch_id: str
    payee_id: str
    amount_fen: Fen
    attempt: Annotated[int, Field(ge=1)]
    approvers: tuple[str, ...]


class PayoutSettled(Event):
    rail_reference: str
    lines: Posting


class PayoutRetrying(Event):
    attempt: int
    code: str
    retry_at: int
    """Not before this, in microseconds."""


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
    """One payee's part of one settlement on its way through a rail. Its id is the idempotency key, for ever."""

    NEXT = {
        (PayoutState.NEW, PayoutSubmitted): PayoutState.SUBMITTED,
        (PayoutState.SUBMITTED, PayoutSettled): PayoutState.SETTLED,
        (PayoutState.SUBMITTED, PayoutRetrying): PayoutState.RETRYING,
        (PayoutState.SUBMITTED, PayoutFailed): PayoutState.FAILED_MANUAL,
        (PayoutState.RETRYING, PayoutSubmitted): PayoutState.SUBMITTED,
        (PayoutState.RETRYING, PayoutRetrying): PayoutState.RETRYING,
        (PayoutState.RETRYING, PayoutSettled): PayoutState.SETTLED,
        (PayoutState.RETRYING, PayoutFailed): PayoutState.FAILED_MANUAL,
        (PayoutState.FAILED_MANUAL, PayoutFixApproved): PayoutState.FAILED_MANUAL,
        (PayoutState.FAILED_MANUAL, PayoutSubmitted): PayoutState.SUBMITTED,
        (PayoutState.FAILED_MANUAL, PayoutSettled): PayoutState.SETTLED,
        (PayoutState.SETTLED, PayoutReversed): PayoutState.REVERSED,
    }
    settlement_id: str = ""
    order_id: str = ""
    batch_id: str = ""
    payee_id: str = ""
    amount_fen: int = 0
    attempt: int = 0
    code: str = ""
    retry_at: int = 0
    approved_by: str = ""
    account_digest: str = ""

    def learned(self, event: Event) -> dict[str, Any]:
        """An approval stands until the payout is sent again."""
        known = super().learned(event)
        if isinstance(event, PayoutFixApproved):
            known["approved_by"] = event.by
        elif isinstance(event, PayoutSubmitted):
            known |= {"approved_by": "", "account_digest": ""}
        return known
