"""Query templates over HTTP: draft, submit, look, withdraw. They are approved in the inbox of approvals."""

from typing import Self

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy import or_, select
from sqlmodel import SQLModel

from exchange.authorization import approvals as inbox
from exchange.authorization import controls as widening
from exchange.authorization import templates as service
from exchange.authorization.asks import ControlsAsk, TemplateAsk
from exchange.authorization.controls_model import ControlsRequest
from exchange.authorization.template_model import Template
from exchange.authorization.views import ControlsRequestRow, TemplateRow
from exchange.kernel.caller import Role
from exchange.kernel.http import OpenUnit, router
from exchange.kernel.pages import Cursor, Limit, of_row, page
from exchange.wire.envelope import Envelope
from exchange.wire.templates import Parameter
from policies.disclosure import Grant

templates = router("/v1/templates", "templates")
controls = router("/v1/controls-requests", "templates")


class TemplateBrief(BaseModel):
    id: str
    state: str
    asset_id: str
    provider_id: str
    author_id: str
    buyer_id: str
    title: str
    exact: bool
    valid_to_s: int


class TemplateView(TemplateBrief):
    """A template. `exact`: answered exactly over at least `k_min` privacy units, without any formal guarantee."""

    domain: str
    sql: str
    parameters: dict[str, Parameter]
    k_min: int
    dominance_bp_max: int
    controls_digest: str
    approval_id: str
    reason: str
    digest: str
    envelope: Envelope | None

    @classmethod
    def of(cls, template: Template) -> Self:
        return cls.model_validate(template, from_attributes=True)


@templates.post("", status_code=201)
def draft(ask: TemplateAsk, unit: OpenUnit) -> TemplateView:
    """Write a template down; `:name` in its text stands for a parameter."""
    return TemplateView.of(service.draft(unit, ask))


@templates.get("")
def list_templates(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The caller's own, those over its data, and the approved ones that every licensed buyer may run."""
    table, caller = SQLModel.metadata.tables["template"], unit.caller
    query, own = select(table), caller.participant_id
    if not caller.roles.intersection(inbox.WATCHERS):
        offered = (table.c.state == "APPROVED") & (table.c.buyer_id == "") & (Role.BUYER in caller.roles)
        query = query.where(or_(table.c.author_id == own, table.c.provider_id == own, offered))
    return page(
        unit.connection,
        query,
        TemplateRow,
        path="/v1/templates",
        limit=limit,
        cursor=cursor,
        view=of_row(TemplateBrief),
    )


@templates.get("/{template_id}")
def get_template(template_id: str, unit: OpenUnit) -> TemplateView:
    return TemplateView.of(service.shown(unit, template_id))


@templates.post("/{template_id}:revise")
def revise(template_id: str, ask: TemplateAsk, unit: OpenUnit) -> TemplateView:
    """Write a draft anew."""
    return TemplateView.of(service.draft(unit, ask, template_id))


@templates.post("/{template_id}:submit")
def submit(template_id: str, unit: OpenUnit) -> TemplateView:
    """Put it into the provider's inbox, if every end of its parameters would be answered."""
    return TemplateView.of(service.submit(unit, template_id))


@templates.post("/{template_id}:withdraw")
def withdraw(template_id: str, unit: OpenUnit) -> TemplateView:
    """No new order runs it."""
    return TemplateView.of(service.withdraw(unit, template_id))


class ControlsView(BaseModel):
    """A request for wider controls. `grants` is all that is allowed once it is granted."""

    id: str
    state: str
    licence_id: str
    provider_id: str
    buyer_id: str
    grants: tuple[Grant, ...]
    valid_to_s: int
    granted_at: int
    digest: str
    reason: str
    approval_id: str

    @classmethod
    def of(cls, asked: ControlsRequest) -> Self:
        shown = {name: getattr(asked, name) for name in cls.model_fields if name != "approval_id"}
        return cls(**shown, approval_id=inbox.approval_id(asked.id))


class ControlsBrief(BaseModel):
    id: str
    state: str
    licence_id: str
    provider_id: str
    buyer_id: str


@controls.post("", status_code=201)
def request_controls(ask: ControlsAsk, unit: OpenUnit) -> ControlsView:
    """Ask for uses of columns: by name, or whatever a refused query would need."""
    return ControlsView.of(widening.request(unit, ask))


@controls.get("")
def list_controls(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The caller's own, as buyer or as provider."""
    table, own, path = SQLModel.metadata.tables["controls_request"], unit.caller.participant_id, "/v1/controls-requests"
    query = select(table).where(or_(table.c.buyer_id == own, table.c.provider_id == own))
    return page(
        unit.connection, query, ControlsRequestRow, path=path, limit=limit, cursor=cursor, view=of_row(ControlsBrief)
    )


@controls.get("/{request_id}")
def get_controls(request_id: str, unit: OpenUnit) -> ControlsView:
    return ControlsView.of(widening.shown(unit, request_id))


@controls.post("/{request_id}:revoke")
def revoke_controls(request_id: str, unit: OpenUnit) -> ControlsView:
    """Take it back (its provider only); no new order rests on it."""
    return ControlsView.of(widening.revoke(unit, request_id))
