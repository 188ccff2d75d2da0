"""Explain a query, order it, follow it, fetch the sealed answer, accept it; and the domain's door for receipts."""

from base64 import b64encode
from typing import Any, Self

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy import or_, select
from sqlmodel import SQLModel

from exchange.access.service import OVERSEERS
from exchange.custody import service as custody
from exchange.kernel.errors import NotFound
from exchange.kernel.http import LookUnit, OpenUnit, router
from exchange.kernel.pages import Cursor, Limit, of_row, page
from exchange.kernel.unit import history
from exchange.orders import cohorts, endings, service
from exchange.orders.asks import GroundAsk, OrderAsk, ReceiptAsk
from exchange.orders.budgets import AccountView
from exchange.orders.model import Order
from exchange.orders.plans import needs
from exchange.orders.views import OrderRow
from exchange.wire.envelope import Envelope
from policies.disclosure import Expected, Grant

queries = router("/v1/queries", "orders")
orders = router("/v1/orders", "orders")
receipts = router("/v1/receipts", "orders")


class Explanation(BaseModel):
    """The dry run. `sql` is what would run in the domain; `price_fen` what would be held, `rho_nrho` and `delta_e15`
    what it would cost of the privacy budget (0: exact), `errors` how far each output would be off, `approvers` who
    would have to approve it first, `budget` what is left of each account; what is `already_answered` costs nothing of
    it. Nothing is recorded."""

    verdict: str
    reasons: tuple[str, ...]
    rule: str | None
    column: str | None
    why: str | None
    fix: str | None
    sql: str | None
    outputs: tuple[dict[str, Any], ...]
    k_min: int
    dominance_bp_max: int
    price_fen: int
    rho_nrho: int
    delta_e15: int
    rows_told_from: int | None
    errors: tuple[Expected, ...]
    approvers: tuple[str, ...]
    needs: tuple[Grant, ...]
    """The uses of columns that would have to be granted, where these alone are missing: `/v1/controls-requests`."""
    budget: tuple[AccountView, ...]
    already_answered: bool
    policy_digest: str


class OrderBrief(BaseModel):
    id: str
    state: str
    licence_id: str
    asset_id: str
    domain: str
    purpose: str | None
    hold_fen: int
    price_fen: int


class OrderView(OrderBrief):
    """An order. Prices in fen. A failed order says in the closed vocabulary why, and which refund rule applied."""

    buyer_id: str
    provider_id: str
    ticket_id: str
    digest: str
    expires_at_s: int
    inspection_ends_at: int
    refusal: str | None
    refund_rule: str
    refund_fen: int
    cohort: int
    dispute_id: str
    cause: str
    approval_id: str
    says: str
    reasons: tuple[str, ...]

    @classmethod
    def of(cls, order: Order) -> Self:
        return cls.model_validate(order, from_attributes=True)


class Checkpoint(BaseModel):
    """The pseudonyms of those whose records may be used; none where the job is about none, or has ended."""

    state: str
    cohort: tuple[str, ...]


class OrderEvent(BaseModel):
    type: str
    at: int
    id: str
    index: int | None


class SealedResult(BaseModel):
    """Everything the buyer needs at home: the ciphertext (base64), the domain's receipt, and what it is bound to."""

    order_id: str
    ticket_digest: str
    receipt: Envelope
    ciphertext: str


@queries.post(":explain")
def explain(ask: OrderAsk, unit: LookUnit) -> Explanation:
    """Dry run: the plan and the price, or the refusal with column, rule and the smallest change that would pass."""
    verdict = service.explain(unit, ask)
    plan, denied, noisy = verdict.plan, verdict.denied, verdict.expectation
    return Explanation(
        verdict="answer" if verdict.permitted else "refuse",
        reasons=verdict.reasons,
        rule=denied.rule if denied else None,
        column=denied.column if denied else None,
        why=denied.why if denied else None,
        fix=denied.fix if denied else None,
        sql=plan.sql if plan else None,
        outputs=tuple(output.model_dump(mode="json") for output in plan.outputs) if plan else (),
        k_min=verdict.k_min,
        dominance_bp_max=verdict.dominance_bp_max,
        price_fen=verdict.quote.hold_fen,
        rho_nrho=verdict.rho_nrho,
        delta_e15=noisy.delta_e15 if noisy else 0,
        rows_told_from=noisy.rows_told_from if noisy else None,
        errors=noisy.errors if noisy else (),
        approvers=tuple(verdict.approvers),
        needs=needs(verdict.declared, verdict.program.sql) if denied and not verdict.program.template else (),
        budget=verdict.spending.left(unit.connection),
        already_answered=verdict.spending.is_free(unit.connection),
        policy_digest=verdict.decision.policy_digest,
    )


@orders.post("", status_code=202)
def place_order(ask: OrderAsk, unit: OpenUnit) -> OrderView:
    """Ask for one computation under one licence."""
    return OrderView.of(service.place_order(unit, unit.ground.key, ask))


@orders.get("")
def list_orders(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The caller's own orders, as buyer or as provider; all of them, for those who oversee the market."""
    table, own = SQLModel.metadata.tables["orders"], unit.caller.participant_id
    query = select(table)
    if not unit.caller.roles.intersection(OVERSEERS):
        query = query.where(or_(table.c.buyer_id == own, table.c.provider_id == own))
    return page(
        unit.connection, query, OrderRow, path="/v1/orders", limit=limit, cursor=cursor, view=of_row(OrderBrief)
    )


@orders.get("/{order_id}")
def get_order(order_id: str, unit: OpenUnit) -> OrderView:
    return OrderView.of(_party_order(unit, order_id))


@orders.get("/{order_id}/events")
def order_events(order_id: str, unit: OpenUnit) -> list[OrderEvent]:
    """What happened to the order, each with its place in the log once it has one."""
    order = _party_order(unit, order_id)
    facts = history(unit.connection, order.id)
    return [OrderEvent(type=one.event.WIRE_TYPE, at=one.at, id=one.id, index=one.idx) for one in facts]


@orders.get("/{order_id}/result")
def get_result(order_id: str, unit: OpenUnit) -> SealedResult:
    """The sealed answer. Only the buyer's own key opens it."""
    order = endings.own_order(unit, order_id)
    if order.receipt is None:
        raise NotFound("no answer was delivered")
    ciphertext = custody.hand_out(unit, order.id)
    return SealedResult(
        order_id=order.id,
        ticket_digest=order.digest,
        receipt=order.receipt,
        ciphertext=b64encode(ciphertext).decode(),
    )


@orders.post("/{order_id}:checkpoint")
def checkpoint(order_id: str, unit: OpenUnit) -> Checkpoint:
    """Whom a running job may use from here on (domains only). A job that has become too small is aborted."""
    order, members = cohorts.checkpoint(unit, order_id)
    return Checkpoint(state=order.state, cohort=tuple(members))


@orders.post("/{order_id}:accept")
def accept_result(order_id: str, unit: OpenUnit) -> OrderView:
    """Accept the answer; its price becomes eligible for settlement."""
    return OrderView.of(endings.accept_result(unit, order_id))


@orders.post("/{order_id}:cancel")
def cancel(order_id: str, unit: OpenUnit) -> OrderView:
    """Withdraw an order whose answer was not delivered yet; everything held comes back (R1)."""
    return OrderView.of(endings.cancel(unit, order_id))


@orders.post("/{order_id}:stop")
def stop(order_id: str, ask: GroundAsk, unit: OpenUnit) -> OrderView:
    """Stop one job by order of an authority; everything held comes back (R8)."""
    return OrderView.of(endings.stop(unit, order_id, ask.ground))


@receipts.post("")
def accept_receipt(ask: ReceiptAsk, unit: OpenUnit) -> OrderView:
    """Report what came of a ticket (domains only)."""
    return OrderView.of(service.accept_receipt(unit, ask))


def _party_order(unit: Any, order_id: str) -> Order:
    order: Order = unit.get(Order, order_id)
    is_party = unit.caller.participant_id in (order.buyer_id, order.provider_id)
    if not is_party and not unit.caller.roles.intersection(OVERSEERS):
        raise NotFound("no such order")
    return order
