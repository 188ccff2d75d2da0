"""An order: one buyer, one licence, one computation, one price, one outcome. Pure."""

from collections.abc import Mapping

from exchange.authorization.model import TicketIssued
from exchange.kernel.entity import Entity, Event
from exchange.wire.computations import Computation
from exchange.wire.envelope import Envelope
from exchange.wire.licences import Mode, Purpose
from exchange.wire.refusals import Refusal

LAPSE_GRACE_S = 60
"""For a receipt that is on its way when its ticket expires."""


class OrderPlaced(Event):
    buyer_id: str
    provider_id: str
    merchant_id: str
    licence_id: str
    asset_id: str
    domain: str
    computation: Computation
    purpose: Purpose
    territory: str
    mode: Mode
    hold_fen: int
    rho_nrho: int = 0
    """What the answer may cost of the privacy budget; 0 for an exact one."""
    accounts: tuple[str, ...] = ()
    """Which accounts of it, in the domain's own words."""
    answer_id: str = ""
    """By what name its domain will keep the answer: the same question of the same buyer has the same."""
    quote_digest: str
    permitted: bool
    rule_ids: tuple[str, ...]
    facts: Mapping[str, str | bool | int]
    """What was decided on: with the archived rules of this digest anybody entitled can decide it again."""
    policy_digest: str
    cohort: int = 0
    """How many individuals agreed to it; 0 where it is about none."""
    by: str


class OrderRefused(Event):
    """A business decision said no. It costs nothing."""

    reasons: tuple[str, ...]
    explanation: str


class OrderApprovalRequested(Event):
    """Everything else holds; somebody has to approve this very job. The money is set aside meanwhile."""

    approval_id: str
    approvers: tuple[str, ...]


class OrderApproved(Event):
    """Approved, and decided once more: what held when it was placed may not hold any longer."""

    rule_ids: tuple[str, ...]
    facts: Mapping[str, str | bool | int]
    policy_digest: str


class OrderRejected(Event):
    """Not approved, not in time, or not permitted any more when it was. Everything comes back.

    `says` is what whoever said no had to say; the facts are there where it was decided by rule.
    """

    reasons: tuple[str, ...]
    explanation: str
    says: str = ""
    refund_rule: str
    rule_ids: tuple[str, ...] = ()
    facts: Mapping[str, str | bool | int] = {}
    policy_digest: str = ""


class ResultDelivered(Event):
    """The domain's signed receipt came with a sealed answer, and the licence still covered it at that instant."""

    receipt: Envelope
    ciphertext_sha256: str
    price_fen: int
    inspection_ends_at: int


class OrderCompleted(Event):
    """The buyer accepted, or let the inspection period pass (silence = acceptance)."""

    accepted_by: str


class OrderFailed(Event):
    """The domain's signed receipt came with a code instead of an answer, or the licence ended in between."""

    receipt: Envelope
    refusal: Refusal | None
    refund_rule: str
    cause: str


class OrderLapsed(Event):
    """No receipt came while the ticket was good."""

    refund_rule: str


class OrderCancelled(Event):
    """The buyer withdrew it before an answer was delivered. A receipt that comes later finds it ended."""

    refund_rule: str
    by: str


class OrderStopped(Event):
    """An authority stopped the job. What may be running releases nothing; everything held went back."""

    ground: str
    stopped_by: str
    refund_rule: str
    by: str


class JobScopeReduced(Event):
    """At a checkpoint some individuals had withdrawn: from here on their records are not used."""

    excluded: int
    cohort: int


class OrderDisputed(Event):
    """The buyer contests what was delivered, within the window its claim has."""

    dispute_id: str


class OrderResolved(Event):
    """The dispute ended, and nothing went back."""

    dispute_id: str


class OrderPartiallyRefunded(Event):
    dispute_id: str
    refund_rule: str
    refund_fen: int


class OrderRefunded(Event):
    """The dispute ended, and all of the price went back."""

    dispute_id: str
    refund_rule: str
    refund_fen: int


class Order(Entity):
    """Every order ends completed, refused, rejected, failed, lapsed or cancelled; in all but the first the money stays.

    What was delivered may be disputed; then it ends as the dispute does: completed, or refunded in part or whole.
    """

    NEXT = {
        ("NEW", OrderPlaced): "PLACED",
        ("PLACED", OrderRefused): "REFUSED",
        ("PLACED", TicketIssued): "TICKETED",
        ("PLACED", OrderApprovalRequested): "APPROVAL_PENDING",
        ("APPROVAL_PENDING", OrderApproved): "APPROVED",
        ("APPROVAL_PENDING", OrderRejected): "REJECTED",
        ("APPROVAL_PENDING", OrderCancelled): "CANCELLED",
        ("APPROVED", TicketIssued): "TICKETED",
        ("TICKETED", ResultDelivered): "DELIVERED",
        ("TICKETED", OrderFailed): "FAILED",
        ("TICKETED", OrderLapsed): "LAPSED",
        ("TICKETED", OrderCancelled): "CANCELLED",
        ("TICKETED", JobScopeReduced): "TICKETED",
        ("TICKETED", OrderStopped): "ABORTED",
        ("DELIVERED", OrderCompleted): "COMPLETED",
        ("DELIVERED", OrderDisputed): "DISPUTED",
        ("COMPLETED", OrderDisputed): "DISPUTED",
        ("DISPUTED", OrderResolved): "COMPLETED",
        ("DISPUTED", OrderPartiallyRefunded): "PARTIALLY_REFUNDED",
        ("DISPUTED", OrderRefunded): "REFUNDED",
    }
    buyer_id: str = ""
    provider_id: str = ""
    merchant_id: str = ""
    licence_id: str = ""
    asset_id: str = ""
    domain: str = ""
    purpose: Purpose | None = None
    territory: str = ""
    mode: Mode = Mode.RESULT
    computation: Computation | None = None
    hold_fen: int = 0
    rho_nrho: int = 0
    accounts: tuple[str, ...] = ()
    answer_id: str = ""
    price_fen: int = 0
    ticket_id: str = ""
    digest: str = ""
    expires_at_s: int = 0
    inspection_ends_at: int = 0
    refusal: Refusal | None = None
    refund_rule: str = ""
    refund_fen: int = 0
    cohort: int = 0
    """How many individuals it may still use; 0 where it is about none."""
    dispute_id: str = ""
    cause: str = ""
    approval_id: str = ""
    says: str = ""
    reasons: tuple[str, ...] = ()
    receipt: Envelope | None = None
    ciphertext_sha256: str = ""
