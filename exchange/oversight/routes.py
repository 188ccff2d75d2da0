"""Oversight over HTTP: sanctions for authority and subject; figures and what is overdue for those who watch."""

from typing import Annotated, Self

from fastapi import Query, Response
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import SQLModel

from exchange.access.service import OVERSEERS
from exchange.kernel.http import OpenUnit, router
from exchange.kernel.pages import Cursor, Limit, of_row, page
from exchange.oversight import figures, overdue, service
from exchange.oversight.asks import EvidenceAsk, ReasonsAsk, SanctionAsk, VerdictAsk
from exchange.oversight.model import Sanction
from exchange.oversight.views import SanctionRow

sanctions = router("/v1/sanctions", "oversight")
oversight = router("/v1/oversight", "oversight")
exits = router("/v1/participants", "access")
Time = Annotated[int, Query(ge=0, le=2**53 - 1)]


class SanctionBrief(BaseModel):
    id: str
    state: str
    ground: str
    ladder_step: str
    participant_id: str
    listing_id: str
    licence_id: str
    listing_action: str
    party_action: str
    licence_action: str
    rectify_due_at: int
    appeal_due_at: int


class SanctionView(SanctionBrief):
    """A sanction. `applied` names what was stopped by it; times are in µs, `suspended_until_s` in seconds."""

    finding_sha256: str
    applied: tuple[str, ...]
    suspended_until_s: int
    incident_id: str
    authority: str

    @classmethod
    def of(cls, sanction: Sanction) -> Self:
        return cls.model_validate(sanction, from_attributes=True)


class ExitView(BaseModel):
    id: str
    state: str
    org_name: str


@sanctions.post("", status_code=201)
def impose(ask: SanctionAsk, unit: OpenUnit) -> SanctionView:
    """A finding; the oversight table says what follows, and it happens at once."""
    return SanctionView.of(service.impose(unit, ask))


@sanctions.get("")
def list_sanctions(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Those against the caller; all of them, for those who oversee the market."""
    table = SQLModel.metadata.tables["sanction"]
    query = select(table)
    if not unit.caller.roles.intersection(OVERSEERS):
        query = query.where(table.c.participant_id == unit.caller.participant_id)
    return page(
        unit.connection,
        query,
        SanctionRow,
        path="/v1/sanctions",
        limit=limit,
        cursor=cursor,
        view=of_row(SanctionBrief),
    )


@sanctions.get("/{sanction_id}")
def get_sanction(sanction_id: str, unit: OpenUnit) -> SanctionView:
    return SanctionView.of(service.seen(unit, sanction_id))


@sanctions.post("/{sanction_id}:rectify")
def rectify(sanction_id: str, ask: EvidenceAsk, unit: OpenUnit) -> SanctionView:
    """It was put right (the participant)."""
    return SanctionView.of(service.report_rectified(unit, sanction_id, ask.evidence_sha256))


@sanctions.post("/{sanction_id}:accept")
def accept(sanction_id: str, unit: OpenUnit) -> SanctionView:
    """It was, indeed (the authority)."""
    return SanctionView.of(service.accept_rectification(unit, sanction_id))


@sanctions.post("/{sanction_id}:reject")
def reject(sanction_id: str, ask: ReasonsAsk, unit: OpenUnit) -> SanctionView:
    return SanctionView.of(service.reject_rectification(unit, sanction_id, ask.reasons_sha256))


@sanctions.post("/{sanction_id}:appeal")
def appeal(sanction_id: str, ask: ReasonsAsk, unit: OpenUnit) -> SanctionView:
    """Within ten working days (the participant)."""
    return SanctionView.of(service.appeal(unit, sanction_id, ask.reasons_sha256))


@sanctions.post("/{sanction_id}:hear")
def hear(sanction_id: str, ask: VerdictAsk, unit: OpenUnit) -> SanctionView:
    """Decide the appeal (somebody who was not involved)."""
    upheld = ask.outcome == "UPHELD"
    return SanctionView.of(service.hear_appeal(unit, sanction_id, upheld=upheld, reasons_sha256=ask.reasons_sha256))


@sanctions.post("/{sanction_id}:lift")
def lift(sanction_id: str, ask: EvidenceAsk, unit: OpenUnit) -> SanctionView:
    return SanctionView.of(service.lift(unit, sanction_id, ask.evidence_sha256))


@oversight.get("/statistics")
def statistics(unit: OpenUnit, since: Time = 0, until: Time = 2**53 - 1) -> figures.Statistics:
    """Listings, turnover by sector, jobs, refusals by reason and shares, of orders placed in between (µs)."""
    unit.caller.require(*OVERSEERS)
    return figures.statistics(unit.connection, since, until)


@oversight.get("/overdue")
def list_overdue(unit: OpenUnit) -> list[overdue.Overdue]:
    """What should have been done by now, oldest first."""
    unit.caller.require(*OVERSEERS)
    return overdue.overdue(unit)


@exits.post("/{participant_id}:exit")
def leave(participant_id: str, unit: OpenUnit) -> ExitView:
    """Leave the market, once nothing is open (the participant)."""
    return ExitView.model_validate(service.leave(unit, participant_id), from_attributes=True)
