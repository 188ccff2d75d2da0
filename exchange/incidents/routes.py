"""Incidents over HTTP: opened by anybody in the market, reported by the exchange, closed by the authority."""

from typing import Self

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import SQLModel

from exchange.access.service import OVERSEERS
from exchange.incidents import service
from exchange.incidents.asks import IncidentAsk, OutcomeAsk, ReportAsk
from exchange.incidents.model import Incident
from exchange.incidents.views import IncidentRow
from exchange.kernel.http import OpenUnit, router
from exchange.kernel.pages import Cursor, Limit, of_row, page

incidents = router("/v1/incidents", "incidents")


class IncidentBrief(BaseModel):
    id: str
    state: str
    kind: str
    about: str
    reporter_id: str
    report_due_at: int
    is_late: bool


class IncidentView(IncidentBrief):
    """A case. `report_due_at` (µs) is 24 hours after it was found."""

    details_sha256: str
    report_sha256: str
    outcome_sha256: str

    @classmethod
    def of(cls, incident: Incident) -> Self:
        return cls.model_validate(incident, from_attributes=True)


@incidents.post("", status_code=201)
def open_incident(ask: IncidentAsk, unit: OpenUnit) -> IncidentView:
    """Say that something went wrong; the clock of the report starts."""
    return IncidentView.of(service.open_incident(unit, ask))


@incidents.get("")
def list_incidents(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The caller's own cases; all of them, for those who oversee the market."""
    table = SQLModel.metadata.tables["incident"]
    query = select(table)
    if not unit.caller.roles.intersection(OVERSEERS):
        query = query.where(table.c.reporter_id == unit.caller.participant_id)
    return page(
        unit.connection,
        query,
        IncidentRow,
        path="/v1/incidents",
        limit=limit,
        cursor=cursor,
        view=of_row(IncidentBrief),
    )


@incidents.get("/{incident_id}")
def get_incident(incident_id: str, unit: OpenUnit) -> IncidentView:
    return IncidentView.of(service.seen(unit, incident_id))


@incidents.post("/{incident_id}:report")
def report(incident_id: str, ask: ReportAsk, unit: OpenUnit) -> IncidentView:
    """The authority was told (the exchange's compliance officers)."""
    return IncidentView.of(service.report(unit, incident_id, ask.report_sha256))


@incidents.post("/{incident_id}:close")
def close(incident_id: str, ask: OutcomeAsk, unit: OpenUnit) -> IncidentView:
    """The authority is content (the regulator)."""
    return IncidentView.of(service.close(unit, incident_id, ask.outcome_sha256))
