"""The inbox of approvals over HTTP: look, approve, reject with a reason, let somebody else answer."""

from typing import Annotated, Any, Self

from fastapi import Query, Response
from pydantic import BaseModel
from sqlalchemy import or_, select
from sqlmodel import SQLModel

from exchange.authorization import approvals as inbox
from exchange.authorization import controls, templates
from exchange.authorization.approval_model import Approval, Approver, Kind
from exchange.authorization.asks import ApprovalAsk, DelegationAsk, RejectionAsk
from exchange.authorization.controls_model import ControlsRequest
from exchange.authorization.template_model import Template
from exchange.authorization.views import ApprovalRow
from exchange.kernel.http import OpenUnit, router
from exchange.kernel.pages import Cursor, Limit, of_row, page
from exchange.kernel.unit import Unit
from exchange.orders import approving
from exchange.orders.model import Order

approvals = router("/v1/approvals", "approvals")
State = Annotated[str | None, Query(pattern=r"^[A-Z]{3,20}$")]


class ApprovalBrief(BaseModel):
    """`due_at` (µs) is when silence becomes a no; `waiting_for` names whose word is still missing."""

    id: str
    state: str
    kind: str
    about_id: str
    provider_id: str
    requester_id: str
    licence_id: str
    waiting_for: str
    due_at: int


class ApprovalView(BaseModel):
    """An approval with all that is to be approved: of a job the computation, its purpose and its place;
    of a template the act the provider's domain signs (`to_sign`)."""

    id: str
    state: str
    kind: Kind
    about_id: str
    provider_id: str
    requester_id: str
    licence_id: str
    program_sha256: str
    approvers: tuple[Approver, ...]
    given: tuple[Approver, ...]
    waiting_for: tuple[Approver, ...]
    delegate_id: str
    reason: str
    due_at: int
    remind_at: int
    valid_to: int
    about: dict[str, Any]

    @classmethod
    def of(cls, unit: Unit, approval: Approval) -> Self:
        shown = {name: getattr(approval, name) for name in cls.model_fields if name != "about"}
        return cls(**shown, about=_about(unit, approval))


@approvals.get("")
def list_approvals(unit: OpenUnit, state: State = None, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """What the caller must answer or has asked for; everything, for those who watch."""
    table, caller = SQLModel.metadata.tables["approval"], unit.caller
    query, own = select(table), caller.participant_id
    if not caller.roles.intersection(inbox.WATCHERS):
        mine = table.c.delegate_id.in_((own, caller.person_id))
        query = query.where(or_(table.c.provider_id == own, table.c.requester_id == own, mine))
    if state is not None:
        query = query.where(table.c.state == state)
    path = "/v1/approvals" if state is None else f"/v1/approvals?state={state}"
    return page(unit.connection, query, ApprovalRow, path=path, limit=limit, cursor=cursor, view=of_row(ApprovalBrief))


@approvals.get("/{approval_id}")
def get_approval(approval_id: str, unit: OpenUnit) -> ApprovalView:
    return ApprovalView.of(unit, inbox.shown(unit, approval_id))


@approvals.post("/{approval_id}:approve")
def approve(approval_id: str, unit: OpenUnit, ask: ApprovalAsk | None = None) -> ApprovalView:
    """Say yes, as one of those whose word is needed; the last yes lets it go on.

    A template is approved by what the provider's domain signed: `envelope`.
    """
    envelope = ask.envelope if ask else None
    return ApprovalView.of(unit, approving.approve(unit, unit.ground.key, approval_id, envelope))


@approvals.post("/{approval_id}:reject")
def reject(approval_id: str, ask: RejectionAsk, unit: OpenUnit) -> ApprovalView:
    """Say no, with a reason that whoever asked is shown. What was set aside comes back."""
    return ApprovalView.of(unit, approving.reject(unit, approval_id, ask.reason))


@approvals.post("/{approval_id}:delegate")
def delegate(approval_id: str, ask: DelegationAsk, unit: OpenUnit) -> ApprovalView:
    """Let a person of the provider's house, or another participant, answer in the provider's place."""
    return ApprovalView.of(unit, inbox.delegate(unit, inbox.shown(unit, approval_id), ask.delegate_id))


def _about(unit: Unit, approval: Approval) -> dict[str, Any]:
    if approval.kind is Kind.TEMPLATE:
        template = unit.get(Template, approval.about_id)
        return {"title": template.title, "to_sign": templates.proposal(template).model_dump(mode="json")}
    if approval.kind is Kind.CONTROLS:
        asked = unit.get(ControlsRequest, approval.about_id)
        return {"to_sign": controls.proposal(asked).model_dump(mode="json")}
    order = unit.get(Order, approval.about_id)
    return order.model_dump(
        mode="json", include={"computation", "purpose", "territory", "mode", "asset_id", "buyer_id", "hold_fen"}
    )
