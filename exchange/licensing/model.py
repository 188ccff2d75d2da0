"""Listings (挂牌) and licences (授权): what is offered on which terms, and who agreed to what. Pure."""

from typing import Any

from exchange.kernel.clock import SECOND
from exchange.kernel.entity import Entity, Event
from exchange.licensing.events import (
    DeletionAttested,
    LicenceActivated,
    LicenceAgreed,
    LicenceCountered,
    LicenceExhausted,
    LicenceExpired,
    LicenceOffered,
    LicenceRefused,
    LicenceRequested,
    LicenceResumed,
    LicenceRevoked,
    LicenceSuspended,
    LicenceTerminated,
    LicenceTerminationProposed,
)
from exchange.wire.envelope import Envelope
from exchange.wire.licences import LicenceTerms, PrivacyBudget


class ListingSubmitted(Event):
    asset_id: str
    domain: str
    provider_id: str
    merchant_id: str
    title_zh: str
    title_en: str
    sector: str
    template: LicenceTerms
    quality_report_sha256: str
    by: str


class CompliancePassed(Event):
    report_sha256: str
    assessor_id: str
    rule_ids: tuple[str, ...]
    by: str


class ComplianceFailed(Event):
    report_sha256: str
    assessor_id: str
    reasons: tuple[str, ...]
    by: str


class ListingPublished(Event):
    by: str


class ListingPaused(Event):
    notice_ends_at: int
    """From then on it may be taken down."""
    by: str


class ListingResumed(Event):
    by: str


class ListingSuspended(Event):
    ground: str
    suspended_by: str
    """The authority, COMPLIANCE or REGULATOR; empty where the rules did it by themselves."""
    by: str


class ListingReinstated(Event):
    report_sha256: str
    by: str


class ListingDelisted(Event):
    ground: str
    by: str


class Listing(Entity):
    """An asset on offer: the licence template bounds every licence under it."""

    NEXT = {
        ("NEW", ListingSubmitted): "ASSESSING",
        ("ASSESSING", CompliancePassed): "APPROVED",
        ("ASSESSING", ComplianceFailed): "REJECTED",
        ("APPROVED", ListingPublished): "LIVE",
        ("LIVE", ListingPaused): "PAUSED",
        ("PAUSED", ListingResumed): "LIVE",
        ("LIVE", ListingSuspended): "SUSPENDED",
        ("PAUSED", ListingSuspended): "SUSPENDED",
        ("SUSPENDED", ListingReinstated): "LIVE",
        ("LIVE", ListingDelisted): "DELISTED",
        ("PAUSED", ListingDelisted): "DELISTED",
        ("SUSPENDED", ListingDelisted): "DELISTED",
    }
    asset_id: str = ""
    domain: str = ""
    provider_id: str = ""
    merchant_id: str = ""
    title_zh: str = ""
    title_en: str = ""
    sector: str = ""
    template: LicenceTerms | None = None
    notice_ends_at: int = 0
    suspended_by: str = ""


class Licence(Entity):
    """Who may compute what on which asset, for which purposes, until when. Nothing runs that no such licence covers."""

    NEXT = {
        ("NEW", LicenceRequested): "REQUESTED",
        ("REQUESTED", LicenceOffered): "OFFERED",
        ("REQUESTED", LicenceCountered): "REQUESTED",
        ("OFFERED", LicenceCountered): "REQUESTED",
        ("REQUESTED", LicenceRefused): "REFUSED",
        ("OFFERED", LicenceRefused): "REFUSED",
        ("OFFERED", LicenceAgreed): "AGREED",
        ("AGREED", LicenceActivated): "ACTIVE",
        ("ACTIVE", LicenceSuspended): "SUSPENDED",
        ("SUSPENDED", LicenceResumed): "ACTIVE",
        ("ACTIVE", LicenceExhausted): "EXHAUSTED",
        ("ACTIVE", LicenceExpired): "EXPIRED",
        ("SUSPENDED", LicenceExpired): "EXPIRED",
        ("ACTIVE", LicenceRevoked): "REVOKED",
        ("SUSPENDED", LicenceRevoked): "REVOKED",
        ("ACTIVE", LicenceTerminationProposed): "ACTIVE",
        ("ACTIVE", LicenceTerminated): "TERMINATED",
        **{(state, DeletionAttested): state for state in ("EXHAUSTED", "EXPIRED", "REVOKED", "TERMINATED")},
    }
    listing_id: str = ""
    asset_id: str = ""
    provider_id: str = ""
    merchant_id: str = ""
    buyer_id: str = ""
    domain: str = ""
    controls_digest: str = ""
    recipient_kid: str = ""
    k_min: int = 0
    budget: PrivacyBudget | None = None
    dominance_bp_max: int = 1
    digest: str = ""
    terms: LicenceTerms | None = None
    envelope: Envelope | None = None
    answer_due_at: int = 0
    suspended_by: str = ""
    proposed_by: str = ""
    countered_by: str = ""
    rounds: int = 0
    """How often other terms were put to the other side."""
    attestation_sha256: str = ""

    def learned(self, event: Event) -> dict[str, Any]:
        kept = super().learned(event)
        # Other terms: what was signed before is not an offer any more.
        return {**kept, "envelope": None, "rounds": self.rounds + 1} if isinstance(event, LicenceCountered) else kept

    @property
    def is_unanswered(self) -> bool:
        return self.state in ("REQUESTED", "OFFERED")

    @property
    def due_at(self) -> int:
        """When time alone ends it, in microseconds; 0 for never."""
        if self.is_unanswered:
            return self.answer_due_at
        return self.agreed_terms.valid_to_s * SECOND if self.state in ("ACTIVE", "SUSPENDED") else 0

    def covers(self, now_s: int) -> bool:
        """Whether the licence is in force at this second; `valid_to_s` is the first at which it is not."""
        return self.state == "ACTIVE" and self.agreed_terms.valid_from_s <= now_s < self.agreed_terms.valid_to_s

    @property
    def agreed_terms(self) -> LicenceTerms:
        if self.terms is None:
            raise ValueError("this licence has not come so far")
        return self.terms

    @property
    def signed(self) -> Envelope:
        if self.envelope is None:
            raise ValueError("this licence has not come so far")
        return self.envelope


__all__ = [
    "ComplianceFailed",
    "CompliancePassed",
    "DeletionAttested",
    "Licence",
    "LicenceActivated",
    "LicenceAgreed",
    "LicenceCountered",
    "LicenceExhausted",
    "LicenceExpired",
    "LicenceOffered",
    "LicenceRefused",
    "LicenceRequested",
    "LicenceResumed",
    "LicenceRevoked",
    "LicenceSuspended",
    "LicenceTerminated",
    "LicenceTerminationProposed",
    "Listing",
    "ListingDelisted",
    "ListingPaused",
    "ListingPublished",
    "ListingReinstated",
    "ListingResumed",
    "ListingSubmitted",
    "ListingSuspended",
]
