"""What happens to a licence (授权), as facts. Pure; the machine that folds them is in `model`."""

from exchange.kernel.entity import Event
from exchange.wire.envelope import Envelope
from exchange.wire.licences import LicenceTerms, PrivacyBudget


class LicenceRequested(Event):
    listing_id: str
    asset_id: str
    provider_id: str
    merchant_id: str
    buyer_id: str
    domain: str
    controls_digest: str
    recipient_kid: str
    k_min: int
    budget: PrivacyBudget | None = None
    dominance_bp_max: int
    terms: LicenceTerms
    answer_due_at: int
    by: str


class LicenceOffered(Event):
    """The provider's own key, inside its domain, signed the licence."""

    envelope: Envelope
    answer_due_at: int
    by: str


class LicenceCountered(Event):
    """One side wants other terms; the provider's domain signs anew."""

    terms: LicenceTerms
    countered_by: str
    answer_due_at: int
    by: str


class LicenceRefused(Event):
    reason: str
    by: str


class LicenceAgreed(Event):
    """The buyer signed the same bytes."""

    envelope: Envelope
    digest: str
    by: str


class LicenceActivated(Event):
    policy_digest: str


class LicenceSuspended(Event):
    ground: str
    suspended_by: str
    """COMPLIANCE, REGULATOR or PROVIDER; empty where the rules did it."""
    by: str


class LicenceResumed(Event):
    by: str


class LicenceExhausted(Event):
    jobs: int


class LicenceExpired(Event):
    pass


class LicenceRevoked(Event):
    ground: str
    fault: str
    refund_rule: str
    by: str


class LicenceTerminationProposed(Event):
    """One party wants to end it; the other's consent does."""

    proposed_by: str
    by: str


class LicenceTerminated(Event):
    by: str


class DeletionAttested(Event):
    """The buyer has deleted what copies of licensed data it had; answers it was given are its own."""

    attestation_sha256: str
    by: str
