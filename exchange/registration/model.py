"""Assets and who holds which right in them (确权登记, rulebook 3.2). Pure; holds what is said of data, never data."""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from exchange.kernel.entity import Entity, Event
from exchange.registration.events import (
    CertificateCancelled,
    CertificateChanged,
    CertificateExpired,
    CertificateFrozen,
    CertificateIssued,
    CertificateRenewed,
    CertificateTransferProposed,
    CertificateTransferred,
    CertificateUnfrozen,
    OwnershipClaimEnded,
    OwnershipClaimNoted,
)
from exchange.wire import canonical


class AssetRegistrationSubmitted(Event):
    """The form. Title and summary of what turns out to be core data are not in it: it is quarantined at once."""

    holder_id: str
    domain: str
    title_zh: str
    title_en: str
    summary: str
    sector: str
    origin: str
    licence: str
    rights: tuple[str, ...]
    exclusive: bool
    source_statement_sha256: str
    evidence: Mapping[str, str]
    tables: Mapping[str, Any]
    controls_digest: str
    fingerprint: str
    rows: int
    fields: tuple[Mapping[str, Any], ...]
    attributes: Mapping[str, Any]
    authorised_until: date | None
    grade: str
    by: str


class AssetRegistrationRefused(Event):
    reasons: tuple[str, ...]
    rule_ids: tuple[str, ...]
    policy_digest: str
    by: str


class CoreDataDetected(Event):
    """The grading engine says national core data: no title, no content; the regulator is told by this very entry."""

    holder_id: str
    fingerprint: str
    name_sha256: str
    policy_digest: str


class RegistrationAccepted(Event):
    by: str


class FormalReviewPassed(Event):
    similar: tuple[str, ...]
    """Certified assets with the same fingerprint, none of them under an exclusive right."""
    by: str


class PublicityStarted(Event):
    starts_on: date
    publicity_ends_at: int
    by: str


class ObjectionFiled(Event):
    objector_id: str
    claim_sha256: str
    days_left: int
    by: str


class ObjectionDismissed(Event):
    reasons_sha256: str
    publicity_ends_at: int
    by: str


class ObjectionUpheld(Event):
    reasons_sha256: str
    by: str


class RegistrationWithdrawn(Event):
    by: str


class Asset(Entity):
    """One registered data resource of one holder, in one domain."""

    NEXT = {
        ("NEW", AssetRegistrationSubmitted): "SUBMITTED",
        ("NEW", CoreDataDetected): "QUARANTINED",
        ("QUARANTINED", AssetRegistrationRefused): "REFUSED",
        ("SUBMITTED", AssetRegistrationRefused): "REFUSED",
        ("SUBMITTED", RegistrationAccepted): "FORMAL_REVIEW",
        ("FORMAL_REVIEW", FormalReviewPassed): "SUBSTANTIVE_REVIEW",
        ("FORMAL_REVIEW", AssetRegistrationRefused): "REFUSED",
        ("SUBSTANTIVE_REVIEW", AssetRegistrationRefused): "REFUSED",
        ("PUBLICITY", AssetRegistrationRefused): "REFUSED",
        ("OBJECTION", AssetRegistrationRefused): "REFUSED",
        ("SUBSTANTIVE_REVIEW", PublicityStarted): "PUBLICITY",
        ("PUBLICITY", ObjectionFiled): "OBJECTION",
        ("PUBLICITY", OwnershipClaimNoted): "PUBLICITY",
        ("PUBLICITY", OwnershipClaimEnded): "PUBLICITY",
        ("OBJECTION", ObjectionDismissed): "PUBLICITY",
        ("OBJECTION", ObjectionUpheld): "REFUSED",
        ("PUBLICITY", CertificateIssued): "CERTIFIED",
        ("CERTIFIED", CertificateFrozen): "FROZEN",
        ("FROZEN", CertificateUnfrozen): "CERTIFIED",
        ("CERTIFIED", CertificateExpired): "EXPIRED",
        ("CERTIFIED", CertificateChanged): "CERTIFIED",
        ("CERTIFIED", CertificateRenewed): "CERTIFIED",
        ("CERTIFIED", CertificateTransferProposed): "CERTIFIED",
        ("CERTIFIED", CertificateTransferred): "CERTIFIED",
        ("CERTIFIED", CertificateCancelled): "CANCELLED",
        ("FROZEN", CertificateCancelled): "CANCELLED",
        ("SUBMITTED", RegistrationWithdrawn): "WITHDRAWN",
        ("FORMAL_REVIEW", RegistrationWithdrawn): "WITHDRAWN",
        ("SUBSTANTIVE_REVIEW", RegistrationWithdrawn): "WITHDRAWN",
        ("PUBLICITY", RegistrationWithdrawn): "WITHDRAWN",
        ("OBJECTION", RegistrationWithdrawn): "WITHDRAWN",
    }
    holder_id: str = ""
    domain: str = ""
    title_zh: str = ""
    title_en: str = ""
    summary: str = ""
    sector: str = ""
    origin: str = ""
    licence: str = ""
    rights: tuple[str, ...] = ()
    exclusive: bool = False
    source_statement_sha256: str = ""
    evidence: Mapping[str, str] = {}
    tables: Mapping[str, Any] = {}
    controls_digest: str = ""
    fingerprint: str = ""
    rows: int = 0
    fields: tuple[Mapping[str, Any], ...] = ()
    attributes: Mapping[str, Any] = {}
    authorised_until: date | None = None
    grade: str = ""
    publicity_ends_at: int = 0
    days_left: int = 0
    certificate_no: str = ""
    handle: str = ""
    provisional: bool = False
    late_claim_sha256: str = ""
    """A claim that came after the publicity and is not decided yet."""
    transferee_id: str = ""
    contract_sha256: str = ""
    valid_to: date | None = None
    order_sha256: str = ""
    """On what ground it was last frozen or given free."""

    is_core: bool = False

    def learned(self, event: Event) -> dict[str, Any]:
        kept = super().learned(event)
        match event:
            case CoreDataDetected():
                return {**kept, "is_core": True}
            case OwnershipClaimNoted():
                return {**kept, "late_claim_sha256": event.dispute_sha256}
            case OwnershipClaimEnded():
                return {**kept, "late_claim_sha256": ""}
            case CertificateChanged():
                return {**kept, "evidence": {**self.evidence, **event.evidence}}
            case CertificateTransferred():
                return {**kept, "transferee_id": ""}
        return kept

    @property
    def evidence_sha256(self) -> str:
        """What the claim rests on: after a refusal, the same on the same data is not looked at again."""
        claim = {
            "rights": sorted(self.rights),
            "statement": self.source_statement_sha256,
            "evidence": dict(self.evidence),
            "attributes": dict(self.attributes),
        }
        return sha256(canonical.encode(claim)).hexdigest()


__all__ = [
    "Asset",
    "AssetRegistrationRefused",
    "AssetRegistrationSubmitted",
    "CertificateCancelled",
    "CertificateChanged",
    "CertificateExpired",
    "CertificateFrozen",
    "CertificateIssued",
    "CertificateRenewed",
    "CertificateTransferProposed",
    "CertificateTransferred",
    "CertificateUnfrozen",
    "CoreDataDetected",
    "FormalReviewPassed",
    "ObjectionDismissed",
    "ObjectionFiled",
    "ObjectionUpheld",
    "OwnershipClaimEnded",
    "OwnershipClaimNoted",
    "PublicityStarted",
    "RegistrationAccepted",
    "RegistrationWithdrawn",
]
