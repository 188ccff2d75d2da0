"""Money as facts (rulebook 3.8): each that moves money carries its lines. What was wrong is put right by more lines."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from exchange.kernel import ids
from exchange.kernel.entity import Entity, Event
from exchange.settlement.lines import Posting
from exchange.wire.acts import Digest, Fen

RefundRule = Annotated[str, Field(pattern=r"^R([1-9]|10)$")]


class HoldState(StrEnum):
    NEW = "NEW"
    HELD = "HELD"
    CAPTURED = "CAPTURED"
    RELEASED = "RELEASED"


class HoldPlaced(Event):
    order_id: str
    payer_id: str
    amount_fen: Fen
    lines: Posting


class HoldCaptured(Event):
    """What the order cost was taken from the hold; the rest went back."""

    captured_fen: Fen
    lines: Posting


class HoldReleased(Event):
    """Everything went back, by a rule of refunds (rulebook 4.8)."""

    refund_rule: RefundRule
    lines: Posting


class Hold(Entity):
    """Money set aside for one order: captured or released, once."""

    NEXT = {
        (HoldState.NEW, HoldPlaced): HoldState.HELD,
        (HoldState.HELD, HoldCaptured): HoldState.CAPTURED,
        (HoldState.HELD, HoldReleased): HoldState.RELEASED,
    }
    order_id: str = ""
    payer_id: str = ""
    amount_fen: int = 0
    captured_fen: int = 0


class SettlementState(StrEnum):
    """HELD is held before acceptance, HELD_ELIGIBLE after it: so letting go knows where to go back to."""

    NEW = "NEW"
    ACCRUED = "ACCRUED"
    ELIGIBLE = "ELIGIBLE"
    HELD = "HELD"
    HELD_ELIGIBLE = "HELD_ELIGIBLE"
    REFUNDED = "REFUNDED"
    BATCHED = "BATCHED"
    SETTLED = "SETTLED"


class SettlementAccrued(Event):
    """An order's gross is owed to those with a share in it. The shares are fixed here, with their rules."""

    order_id: str
    gross_fen: Fen
    template: str
    payees: Mapping[str, str]
    """Role in the split → who."""
    shares_bp: Mapping[str, int]
    """Who → how much of it."""
    rule_ids: tuple[str, ...]
    policy_digest: Digest
    weights: Mapping[str, int] = {}
    """Individuals whose records were in the answer → how many; empty where it is about none."""
    product: str = ""
    purpose: str = ""


class SettlementEligible(Event):
    """The order was accepted, on this day in Shanghai."""

    eligible_on: date


class SettlementHeld(Event):
    cause: str
    """The dispute or the order to freeze."""


class SettlementUnheld(Event):
    cause: str


class SettlementReduced(Event):
    """A dispute gave a part of it back to the buyer before anybody was paid. The rest is split as agreed."""

    cause: str
    refund_rule: RefundRule
    refund_fen: Fen
    lines: Posting


class SettlementRefunded(Event):
    """All of it went back to the buyer before anybody was paid."""

    cause: str
    refund_rule: RefundRule
    refund_fen: Fen
    lines: Posting


class SettlementClawedBack(Event):
    """A part went back to the buyer after it was split: lines against what each received. What was posted stays."""

    cause: str
    refund_rule: RefundRule
    refund_fen: Fen
    clawed_fen: Mapping[str, int]
    """Who received a part → how much of it counts back."""
    lines: Posting


class SettlementBatched(Event):
    """The gross, less what went back, was split, exactly."""

    batch_id: str
    parts_fen: Mapping[str, int]
    netted_fen: Mapping[str, int]
    """Who owed something after a dispute → how much of its part was kept for that."""
    lines: Posting


class SettlementPaid(Event):
    """Every payout of this settlement was paid."""


class Settlement(Entity):
    """What is owed for one order, until all of it is paid out."""

    NEXT = {
        (SettlementState.NEW, SettlementAccrued): SettlementState.ACCRUED,
        (SettlementState.ACCRUED, SettlementEligible): SettlementState.ELIGIBLE,
        (SettlementState.ACCRUED, SettlementHeld): SettlementState.HELD,
        (SettlementState.HELD, SettlementUnheld): SettlementState.ACCRUED,
        (SettlementState.HELD, SettlementEligible): SettlementState.HELD_ELIGIBLE,
        (SettlementState.ELIGIBLE, SettlementHeld): SettlementState.HELD_ELIGIBLE,
        (SettlementState.HELD_ELIGIBLE, SettlementUnheld): SettlementState.ELIGIBLE,
        (SettlementState.HELD, SettlementReduced): SettlementState.HELD,
        (SettlementState.HELD_ELIGIBLE, SettlementReduced): SettlementState.HELD_ELIGIBLE,
        (SettlementState.HELD, SettlementRefunded): SettlementState.REFUNDED,
        (SettlementState.HELD_ELIGIBLE, SettlementRefunded): SettlementState.REFUNDED,
        (SettlementState.ELIGIBLE, SettlementBatched): SettlementState.BATCHED,
        (SettlementState.BATCHED, SettlementPaid): SettlementState.SETTLED,
        (SettlementState.BATCHED, SettlementClawedBack): SettlementState.BATCHED,
        (SettlementState.SETTLED, SettlementClawedBack): SettlementState.SETTLED,
    }
    order_id: str = ""
    gross_fen: int = 0
    shares_bp: Mapping[str, int] = {}
    eligible_on: date | None = None
    batch_id: str = ""
    parts_fen: Mapping[str, int] = {}
    netted_fen: Mapping[str, int] = {}
    clawed_fen: Mapping[str, int] = {}
    weights: Mapping[str, int] = {}
    refund_fen: int = 0

    @property
    def to_split_fen(self) -> int:
        """What is left for the payees."""
        return self.gross_fen - self.refund_fen

    def payout_fen(self, payee_id: str) -> int:
        """What is paid out to a payee: its part, less what it owed."""
        return self.parts_fen[payee_id] - self.netted_fen.get(payee_id, 0)

    def payout_id(self, payee_id: str) -> str:
        """One payee, one settlement, one payout: and one idempotency key."""
        return ids.derived("pay", self.id, payee_id)


class BatchState(StrEnum):
    NEW = "NEW"
    CLOSED = "CLOSED"
    SUBMITTED = "SUBMITTED"
    PAID = "PAID"


class BatchClosed(Event):
    """A day was closed: these settlements are paid from `pay_on`, the working day after the last of them fell due."""

    closed_on: date
    pay_on: date
    settlement_ids: tuple[str, ...]
    gross_fen: Annotated[int, Field(ge=0)]
    by: str


class BatchSubmitted(Event):
    """Its day has come: every payout of it is ordered, and the rails are told from now on."""

    by: str


class BatchPaid(Event):
    """Every settlement of the batch is settled."""


class Batch(Entity):
    NEXT = {
        (BatchState.NEW, BatchClosed): BatchState.CLOSED,
        (BatchState.CLOSED, BatchSubmitted): BatchState.SUBMITTED,
        (BatchState.SUBMITTED, BatchPaid): BatchState.PAID,
    }
    closed_on: date | None = None
    pay_on: date | None = None
    settlement_ids: tuple[str, ...] = ()
    gross_fen: int = 0
