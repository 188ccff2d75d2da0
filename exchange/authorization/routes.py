"""Query templates over HTTP: draft, submit, look, withdraw. They are approved in the inbox of approvals."""

from typing import Any, Self

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy import or_, select
from sqlmodel import SQLModel

from exchange.authorization import approvals as inbox
from exchange.authorization import templates as service
from exchange.authorization.asks import TemplateAsk
from exchange.authorization.template_model import Template
from exchange.authorization.views import TemplateRow
from exchange.kernel.caller import Role
from exchange.kernel.http import OpenUnit, router
from exchange.kernel.pages import Cursor, Limit, page
from exchange.wire.envelope import Envelope
from exchange.wire.templates import Parameter

templates = router("/v1/templates", "templates")


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
    return page(unit.connection, query, TemplateRow, path="/v1/templates", limit=limit, cursor=cursor, view=_brief_of)


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


def _brief_of(row: Any) -> TemplateBrief:
    return TemplateBrief(**{name: row[name] for name in TemplateBrief.model_fields})
