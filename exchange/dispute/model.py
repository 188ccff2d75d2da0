"""A dispute (争议) about one order: opened, answered, mediated, arbitrated, enforced (rulebook 3.9). Pure.

What the parties say stays with them; the log holds digests of it. Courts stay open to both.
"""

from collections.abc import Mapping
from enum import StrEnum

from exchange.kernel.entity import Entity, Event


class Category(StrEnum):
    NON_DELIVERY = "NON_DELIVERY"
    QUALITY = "QUALITY"
    SCOPE_BREACH = "SCOPE_BREACH"
    OWNERSHIP = "OWNERSHIP"
    PRIVACY = "PRIVACY"
    BILLING = "BILLING"


class Outcome(StrEnum):
    UPHELD = "UPHELD"
    DISMISSED = "DISMISSED"


class Fault(StrEnum):
    PROVIDER = "PROVIDER"
    BUYER = "BUYER"
    NONE = "NONE"


class DisputeOpened(Event):
    order_id: str
    asset_id: str
    claimant_id: str
    respondent_id: str
    by_buyer: bool
    category: Category
    claim_fen: int
    evidence_sha256: tuple[str, ...]
    due_at: int
    """Until when the respondent may answer."""
    by: str


class DisputeRejected(Event):
    """Out of its window, or not this party's claim to make."""

    reason: str


class DisputeResponded(Event):
    """The respondent answered; or did not, and then does not contest the facts."""

    is_silent: bool
    evidence_sha256: tuple[str, ...]
    by: str


class DisputeMediationStarted(Event):
    mediator_id: str
    due_at: int


class DisputeTermsProposed(Event):
    """One party's terms. The other concludes by proposing the same."""

    proposed_by: str
    proposed_refund_bp: int
    terms_sha256: str
    by: str


class DisputeSettled(Event):
    """Both parties agreed to the same terms."""

    refund_bp: int
    terms_sha256: str
    by: str


class DisputeArbitrationStarted(Event):
    started_by: str
    """The party that wanted it, or the clockwork."""
    due_at: int


class DisputeDecided(Event):
    outcome: Outcome
    refund_bp: int
    fault: Fault
    reasons_sha256: str
    arbiter: str
    """The person."""


class DisputeEnforced(Event):
    """The money moved, or was let go: the lines stand with the settlement."""

    refund_fen: int
    clawed_fen: Mapping[str, int]


class DisputeClosed(Event):
    pass


class DisputeWithdrawn(Event):
    by: str


class Dispute(Entity):
    """One party's claim of one kind about one order."""

    NEXT = {
        ("NEW", DisputeOpened): "OPENED",
        ("OPENED", DisputeRejected): "REJECTED",
        ("OPENED", DisputeResponded): "RESPONDED",
        ("RESPONDED", DisputeMediationStarted): "MEDIATION",
        ("MEDIATION", DisputeTermsProposed): "MEDIATION",
        ("MEDIATION", DisputeSettled): "DECIDED",
        ("MEDIATION", DisputeArbitrationStarted): "ARBITRATION",
        ("ARBITRATION", DisputeDecided): "DECIDED",
        ("DECIDED", DisputeEnforced): "ENFORCED",
        ("ENFORCED", DisputeClosed): "CLOSED",
        ("OPENED", DisputeWithdrawn): "WITHDRAWN",
        ("RESPONDED", DisputeWithdrawn): "WITHDRAWN",
        ("MEDIATION", DisputeWithdrawn): "WITHDRAWN",
    }
    order_id: str = ""
    asset_id: str = ""
    claimant_id: str = ""
    respondent_id: str = ""
    by_buyer: bool = False
    category: Category | None = None
    claim_fen: int = 0
    due_at: int = 0
    is_silent: bool = False
    proposed_by: str = ""
    proposed_refund_bp: int = 0
    terms_sha256: str = ""
    outcome: Outcome | None = None
    fault: Fault | None = None
    refund_bp: int = 0
    refund_fen: int = 0
    reason: str = ""

    @property
    def is_open(self) -> bool:
        return self.state in ("OPENED", "RESPONDED", "MEDIATION", "ARBITRATION")

    @property
    def freezes(self) -> bool:
        """A claim that the provider has no right in the data stops further trade in it."""
        return self.category is Category.OWNERSHIP and (self.by_buyer or not self.order_id)
