"""Participants (市场主体) and how they come to be admitted (准入). Pure: it decides nothing and reads no table."""

from collections.abc import Mapping

from exchange.kernel.entity import Entity, Event, Personal
from policies.engine import Decision

SUPPLEMENT_ROUNDS_MAX = 2
SUPPLEMENT_WORKING_DAYS = 10


class ParticipantApplied(Event):
    org_name: str
    uscc: str
    roles: tuple[str, ...]
    group_uscc: str = ""
    territory: str
    operates_node: bool
    evidence: Mapping[str, str]
    """Check of table 4.1 → SHA-256 of the document that supports it."""
    legal_representative: Personal = ""
    """Of an individual, its own name."""
    under_14: bool = False
    guardian_id: str = ""
    by: str


class AdmissionReviewStarted(Event):
    by: str


class SupplementRequested(Event):
    items: tuple[str, ...]
    supplement_due_at: int
    by: str


class SupplementProvided(Event):
    evidence: Mapping[str, str]
    by: str


class ParticipantApproved(Event):
    decisions: tuple[Decision, ...]
    by: str


class ParticipantRejected(Event):
    reasons: tuple[str, ...]
    decisions: tuple[Decision, ...] = ()
    by: str


class ParticipantActivated(Event):
    """The applicant signed the rulebook in force with the key it is now known by."""

    envelope: str
    policy_digest: str
    signing_key: str
    recipient_key: str
    wallet: str
    by: str


class ParticipantSuspended(Event):
    ground: str
    suspended_by_regulator: bool
    suspended_until_s: int
    """0 when no end was set."""
    by: str


class ParticipantReinstated(Event):
    evidence_sha256: str
    by: str


class ParticipantRevoked(Event):
    ground: str
    order_sha256: str
    by: str


class ParticipantExited(Event):
    by: str


class Participant(Entity):
    """An organisation in the market. Only an ACTIVE one may begin anything new."""

    NEXT = {
        ("DRAFT", ParticipantApplied): "SUBMITTED",
        ("SUBMITTED", AdmissionReviewStarted): "UNDER_REVIEW",
        ("UNDER_REVIEW", SupplementRequested): "SUPPLEMENT_REQUIRED",
        ("SUPPLEMENT_REQUIRED", SupplementProvided): "UNDER_REVIEW",
        ("SUPPLEMENT_REQUIRED", ParticipantRejected): "REJECTED",
        ("UNDER_REVIEW", ParticipantApproved): "APPROVED",
        ("UNDER_REVIEW", ParticipantRejected): "REJECTED",
        ("APPROVED", ParticipantActivated): "ACTIVE",
        ("ACTIVE", ParticipantSuspended): "SUSPENDED",
        ("SUSPENDED", ParticipantReinstated): "ACTIVE",
        ("ACTIVE", ParticipantRevoked): "REVOKED",
        ("SUSPENDED", ParticipantRevoked): "REVOKED",
        ("ACTIVE", ParticipantExited): "EXITED",
    }
    state: str = "DRAFT"
    org_name: str = ""
    uscc: str = ""
    roles: tuple[str, ...] = ()
    group_uscc: str = ""
    territory: str = ""
    operates_node: bool = False
    under_14: bool = False
    guardian_id: str = ""
    evidence: Mapping[str, str] = {}
    reviewer: str = ""
    """The person who took the application: another one must approve it."""
    supplement_rounds: int = 0
    supplement_due_at: int = 0
    policy_digest: str = ""
    signing_key: str = ""
    recipient_key: str = ""
    wallet: str = ""
    suspended_by_regulator: bool = False

    def learned(self, event: Event) -> dict[str, object]:
        kept = super().learned(event)
        if isinstance(event, AdmissionReviewStarted):
            kept["reviewer"] = event.by
        elif isinstance(event, SupplementRequested):
            kept["supplement_rounds"] = self.supplement_rounds + 1
        elif isinstance(event, SupplementProvided):
            kept["evidence"] = {**self.evidence, **event.evidence}
        return kept

    @property
    def group(self) -> str:
        """The code of the group it belongs to: its controller's, or its own."""
        return self.group_uscc or self.uscc

    @property
    def in_the_market(self) -> bool:
        """Suspended ones keep their credentials: what they owe and what they delivered still has to be settled."""
        return self.state in ("ACTIVE", "SUSPENDED")
