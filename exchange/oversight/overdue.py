"""What should have happened by now and has not (督查督办): one list, oldest first. Changes nothing.

What a timer ends by itself is not here; here is what waits for a person.
"""

from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, Select, select
from sqlmodel import SQLModel

from exchange.kernel.unit import Unit
from exchange.licensing.model import Licence

FORMAL_REVIEW_WORKING_DAYS = 5
REGRADE_WORKING_DAYS = 10
DELETION_WORKING_DAYS = 10
PAGE = 200


class Overdue(BaseModel):
    """What is late, who should have acted, and since when (µs; 0 where only the fact is known)."""

    kind: str
    subject: str
    who: str
    due_at: int


def overdue(unit: Unit) -> list[Overdue]:
    now, tables = unit.now, SQLModel.metadata.tables
    incident, dispute, custody = tables["incident"], tables["dispute"], tables["custody"]
    sanction, payout = tables["sanction"], tables["statement_line"]
    late_reports = (incident.c.state.in_(("OPEN", "OVERDUE")), incident.c.report_due_at <= now)
    late_decisions = (dispute.c.state == "ARBITRATION", dispute.c.due_at <= now)
    reviews = (sanction.c.state == "UNDER_REVIEW", sanction.c.rectify_due_at <= now)
    found = [
        *_named(unit, "INCIDENT_REPORT", select(incident.c.id, incident.c.report_due_at).where(*late_reports)),
        *_named(unit, "DISPUTE_DECISION", select(dispute.c.id, dispute.c.due_at).where(*late_decisions)),
        *_named(unit, "RECTIFICATION_REVIEW", select(sanction.c.id, sanction.c.rectify_due_at).where(*reviews)),
        *_named(unit, "PAYOUT_FIX", select(payout.c.id, payout.c.id).where(payout.c.state == "FAILED_MANUAL")),
        *_named(unit, "CUSTODY_PROOF", select(custody.c.id, custody.c.proof_due_at).where(custody.c.proof_missed)),
        *_waiting(unit, "FORMAL_REVIEW", "asset", "SUBMITTED", FORMAL_REVIEW_WORKING_DAYS),
        *_waiting(unit, "REGRADE", "grading", "REGRADE_REQUIRED", REGRADE_WORKING_DAYS),
        *_undeleted(unit),
        *_revocations(unit.connection),
    ]
    return sorted(found, key=lambda one: (one.due_at, one.kind, one.subject))[:PAGE]


def _named(unit: Unit, kind: str, query: Select[Any]) -> list[Overdue]:
    who = {"INCIDENT_REPORT": "COMPLIANCE", "DISPUTE_DECISION": "ARBITER", "CUSTODY_PROOF": "CUSTODIAN"}
    return [
        Overdue(kind=kind, subject=subject, who=who.get(kind, "EXCHANGE"), due_at=due if isinstance(due, int) else 0)
        for subject, due in unit.connection.execute(query.order_by(*reversed(query.selected_columns)).limit(PAGE))
    ]


def _waiting(unit: Unit, kind: str, name: str, state: str, working_days: int) -> list[Overdue]:
    """What has stood in one state longer than it may, by the time of its last fact."""
    table, event = SQLModel.metadata.tables[name], SQLModel.metadata.tables["event"]
    last = (
        select(table.c.id, event.c.at)
        .join(event, event.c.subject == table.c.id)
        .where(table.c.state == state)
        .order_by(table.c.id, event.c.version)
    )
    since = {str(subject): int(at) for subject, at in unit.connection.execute(last)}
    due = {
        one: unit.calendar.end_of(unit.calendar.after(unit.calendar.today(at), working_days))
        for one, at in since.items()
    }
    who = {"FORMAL_REVIEW": "REGISTRAR", "DELETION": "BUYER"}.get(kind, "SUPPLIER")
    return [Overdue(kind=kind, subject=one, who=who, due_at=at) for one, at in due.items() if at <= unit.now]


def _undeleted(unit: Unit) -> list[Overdue]:
    """Licences that have ended without their buyer attesting that its copies are gone."""
    found = []
    for state in ("EXHAUSTED", "EXPIRED", "REVOKED", "TERMINATED"):
        ended = _waiting(unit, "DELETION", "licence", state, DELETION_WORKING_DAYS)
        found += [one for one in ended if not unit.get(Licence, one.subject).attestation_sha256]
    return found


def _revocations(connection: Connection) -> list[Overdue]:
    """What the table revokes and nobody revoked yet: it takes the exchange and an order of the regulator."""
    sanction, participant = (SQLModel.metadata.tables[name] for name in ("sanction", "participant"))
    query = (
        select(sanction.c.participant_id)
        .join(participant, participant.c.id == sanction.c.participant_id)
        .where(sanction.c.party_action == "REVOKED", sanction.c.state == "IN_FORCE")
        .where(participant.c.state.in_(("ACTIVE", "SUSPENDED")))
        .distinct()
    )
    return [
        Overdue(kind="REVOCATION", subject=str(one), who="ADMIN", due_at=0)
        for one in connection.execute(query.limit(PAGE)).scalars()
    ]
