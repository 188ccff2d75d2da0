"""A sanction (处置): what follows from a finding, by the table, and how it ends. Source: rulebook 4.9. Pure.

Notice, rectification within ten working days, then the next step; an appeal goes to somebody who was not involved.
"""

from typing import Any

from exchange.kernel.entity import Entity, Event
from policies.engine import Decision


class SanctionImposed(Event):
    ground: str
    participant_id: str
    listing_id: str
    licence_id: str
    finding_sha256: str
    decision: Decision
    listing_action: str
    party_action: str
    licence_action: str
    applied: tuple[str, ...]
    """Ids of what was stopped by it."""
    suspended_until_s: int
    appeal_due_at: int
    incident_id: str
    authority: str
    by: str


class RectificationOrdered(Event):
    rectify_due_at: int


class RectificationReported(Event):
    evidence_sha256: str
    by: str


class RectificationAccepted(Event):
    by: str


class RectificationRejected(Event):
    reasons_sha256: str
    by: str


class SanctionEscalated(Event):
    """The time to rectify is over: the next step of the ladder, by the same table."""

    decision: Decision
    listing_action: str
    party_action: str
    licence_action: str
    applied: tuple[str, ...]
    appeal_due_at: int


class SanctionAppealed(Event):
    reasons_sha256: str
    by: str


class AppealDismissed(Event):
    reasons_sha256: str
    by: str


class AppealUpheld(Event):
    reasons_sha256: str
    by: str


class SanctionLifted(Event):
    evidence_sha256: str
    by: str


class Sanction(Entity):
    """One finding against one participant, and all that followed."""

    NEXT = {
        ("NEW", SanctionImposed): "IN_FORCE",
        ("IN_FORCE", RectificationOrdered): "RECTIFYING",
        ("RECTIFYING", RectificationReported): "UNDER_REVIEW",
        ("UNDER_REVIEW", RectificationAccepted): "CLOSED",
        ("UNDER_REVIEW", RectificationRejected): "RECTIFYING",
        ("RECTIFYING", SanctionEscalated): "IN_FORCE",
        ("IN_FORCE", SanctionAppealed): "APPEALED",
        ("RECTIFYING", SanctionAppealed): "APPEALED",
        ("UNDER_REVIEW", SanctionAppealed): "APPEALED",
        ("APPEALED", AppealDismissed): "IN_FORCE",
        ("APPEALED", AppealUpheld): "ANNULLED",
        ("IN_FORCE", SanctionLifted): "CLOSED",
    }
    ground: str = ""
    participant_id: str = ""
    listing_id: str = ""
    licence_id: str = ""
    finding_sha256: str = ""
    ladder_step: str = ""
    listing_action: str = ""
    party_action: str = ""
    licence_action: str = ""
    applied: tuple[str, ...] = ()
    suspended_until_s: int = 0
    rectify_due_at: int = 0
    appeal_due_at: int = 0
    incident_id: str = ""
    authority: str = ""
    involved: tuple[str, ...] = ()
    """Persons who had a hand in it: none of them hears the appeal."""

    def learned(self, event: Event) -> dict[str, Any]:
        kept = super().learned(event)
        person = getattr(event, "by", "")
        if person:
            kept["involved"] = tuple(dict.fromkeys((*self.involved, person)))
        if isinstance(event, SanctionImposed | SanctionEscalated):
            kept["ladder_step"] = str(event.decision.facts["ladder_step"])
            kept["applied"] = tuple(dict.fromkeys((*self.applied, *event.applied)))
        if isinstance(event, SanctionEscalated):
            kept["rectify_due_at"] = 0
        return kept
