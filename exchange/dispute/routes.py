"""Disputes over HTTP: claim, answer, agree or escalate, decide, withdraw. The parties and their judges see them."""

from typing import Self

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy import or_, select
from sqlmodel import SQLModel

from exchange.dispute import objections as contested
from exchange.dispute import service
from exchange.dispute.asks import DecisionAsk, DisputeAsk, ResponseAsk, TermsAsk
from exchange.dispute.model import Dispute
from exchange.dispute.views import DisputeRow
from exchange.kernel.http import OpenUnit, router
from exchange.kernel.pages import Cursor, Limit, of_row, page
from exchange.registration.asks import ObjectionAsk

disputes = router("/v1/disputes", "disputes")
objections = router("/v1/assets", "registration")


class DisputeBrief(BaseModel):
    id: str
    state: str
    order_id: str
    asset_id: str
    claimant_id: str
    respondent_id: str
    category: str
    claim_fen: int
    refund_fen: int
    due_at: int


class DisputeView(DisputeBrief):
    """A dispute. `due_at` (µs) is when its present step ends; a silent respondent does not contest the facts."""

    is_silent: bool
    proposed_by: str
    proposed_refund_bp: int
    terms_sha256: str
    outcome: str | None
    fault: str | None
    refund_bp: int
    reason: str

    @classmethod
    def of(cls, dispute: Dispute) -> Self:
        return cls.model_validate(dispute, from_attributes=True)


class ObjectionView(BaseModel):
    """The asset somebody objected to. `days_left`: working days of its publicity that are still to run."""

    id: str
    state: str
    holder_id: str
    publicity_ends_at: int
    days_left: int


@disputes.post("", status_code=201)
def open_dispute(ask: DisputeAsk, unit: OpenUnit) -> DisputeView:
    """Contest an order; what is owed for it rests."""
    return DisputeView.of(service.open_dispute(unit, ask))


@disputes.get("")
def list_disputes(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The caller's own disputes; all of them, for those who decide or oversee."""
    table, own = SQLModel.metadata.tables["dispute"], unit.caller.participant_id
    query = select(table)
    if not unit.caller.roles.intersection(service.OVERSEERS):
        query = query.where(or_(table.c.claimant_id == own, table.c.respondent_id == own))
    return page(
        unit.connection, query, DisputeRow, path="/v1/disputes", limit=limit, cursor=cursor, view=of_row(DisputeBrief)
    )


@disputes.get("/{dispute_id}")
def get_dispute(dispute_id: str, unit: OpenUnit) -> DisputeView:
    return DisputeView.of(service.dispute_of(unit, dispute_id))


@disputes.post("/{dispute_id}:respond")
def respond(dispute_id: str, ask: ResponseAsk, unit: OpenUnit) -> DisputeView:
    """Answer with evidence, within five working days."""
    return DisputeView.of(service.respond(unit, dispute_id, ask))


@disputes.post("/{dispute_id}:agree")
def agree(dispute_id: str, ask: TermsAsk, unit: OpenUnit) -> DisputeView:
    """Propose terms; the same terms from the other party conclude and enforce them."""
    return DisputeView.of(service.agree(unit, dispute_id, ask))


@disputes.post("/{dispute_id}:escalate")
def escalate(dispute_id: str, unit: OpenUnit) -> DisputeView:
    """End the mediation; an arbiter decides."""
    return DisputeView.of(service.escalate(unit, dispute_id))


@disputes.post("/{dispute_id}:decide")
def decide(dispute_id: str, ask: DecisionAsk, unit: OpenUnit) -> DisputeView:
    """Decide with reasons (arbiters only). Enforced at once."""
    return DisputeView.of(service.decide(unit, dispute_id, ask))


@disputes.post("/{dispute_id}:withdraw")
def withdraw(dispute_id: str, unit: OpenUnit) -> DisputeView:
    """Give the claim up; what was delivered is accepted."""
    return DisputeView.of(service.withdraw(unit, dispute_id))


@objections.post("/{asset_id}:object")
def object_to(asset_id: str, ask: ObjectionAsk, unit: OpenUnit) -> ObjectionView:
    """Object while the publicity lasts; later, the claim goes on as a dispute and the refusal names it."""
    return ObjectionView.model_validate(contested.object_to(unit, asset_id, ask.claim_sha256), from_attributes=True)
