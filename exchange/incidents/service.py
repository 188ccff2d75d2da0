"""Incidents from discovery to closure. Anybody in the market may open one; the exchange reports it within 24 hours."""

import hashlib

from exchange.access.service import OVERSEERS
from exchange.incidents import views
from exchange.incidents.asks import IncidentAsk
from exchange.incidents.model import (
    REPORT_WITHIN_US,
    Incident,
    IncidentClosed,
    IncidentKind,
    IncidentOpened,
    IncidentReported,
    IncidentReportMissed,
)
from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.errors import Forbidden, Guarded, NotFound
from exchange.kernel.unit import Unit

REPORTERS = (Role.COMPLIANCE, Role.ADMIN)


def open_incident(unit: Unit, ask: IncidentAsk) -> Incident:
    """Somebody in the market says that something went wrong; the clock of the report starts now."""
    if not unit.caller.roles:
        raise Forbidden("who is not admitted yet is not identified yet")
    return raise_incident(unit, ask.kind, ask.about, ask.details_sha256)


def raise_incident(unit: Unit, kind: IncidentKind, about: str, details_sha256: str, *refs: str) -> Incident:
    """Also for other slices: what they found by themselves is a case like any other."""
    opened = IncidentOpened(
        kind=kind,
        about=about,
        details_sha256=details_sha256,
        reporter_id=unit.caller.participant_id,
        report_due_at=unit.now + REPORT_WITHIN_US,
        by=unit.caller.person_id,
    )
    return unit.record(Incident(id=ids.fresh("inc")), opened, refs=refs)


def report(unit: Unit, incident_id: str, report_sha256: str) -> Incident:
    """The authority was told. Late is still told, and the fact says that it was late."""
    unit.caller.require(*REPORTERS)
    incident = unit.get(Incident, incident_id)
    late = incident.report_due_at <= unit.now
    return unit.record(incident, IncidentReported(report_sha256=report_sha256, is_late=late, by=unit.caller.person_id))


def close(unit: Unit, incident_id: str, outcome_sha256: str) -> Incident:
    """Only the authority ends what was reported to it, and nobody its own report."""
    unit.caller.require(Role.REGULATOR)
    incident = unit.get(Incident, incident_id)
    if incident.opened_by == unit.caller.person_id:
        raise Guarded("whoever opened the case does not close it", code="E_DUAL_CONTROL")
    return unit.record(incident, IncidentClosed(outcome_sha256=outcome_sha256, by=unit.caller.person_id))


def miss_report(unit: Unit, incident_id: str) -> Incident:
    """For the timer: twenty-four hours have passed."""
    incident = unit.get(Incident, incident_id)
    if incident.state != "OPEN" or unit.now < incident.report_due_at:
        return incident
    return unit.record(incident, IncidentReportMissed(report_due_at=incident.report_due_at))


def unreported(unit: Unit) -> list[str]:
    """For the timer: cases whose report is due."""
    return views.due(unit.connection, unit.now)


def seen(unit: Unit, incident_id: str) -> Incident:
    """A case, for whoever opened it and for those who oversee the market."""
    incident = unit.get(Incident, incident_id)
    if incident.reporter_id != unit.caller.participant_id and not unit.caller.roles.intersection(OVERSEERS):
        raise NotFound("no such incident")
    return incident


def digest_of(text: str) -> str:
    """What the log keeps of a finding that a program made by itself."""
    return hashlib.sha256(text.encode()).hexdigest()
