"""Money over HTTP. The rail is the composition root's choice, kept in `app.state.rail`."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import SQLModel

from exchange.kernel.caller import Role
from exchange.kernel.http import OpenUnit, router
from exchange.kernel.pages import Cursor, Limit, page
from exchange.settlement import lines, paying, service, views
from exchange.settlement.model import Batch
from exchange.settlement.payout import Payout
from exchange.settlement.rails import Rail
from exchange.wire.acts import Digest, Fen

routes = router("/v1", "settlement")


def _rail(request: Request) -> Rail:
    rail: Rail = request.app.state.rail
    return rail


OpenRail = Annotated[Rail, Depends(_rail)]


class DepositAsk(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    amount_fen: Annotated[int, Field(ge=1, le=10**13)]
    rail_reference: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{4,64}$")]


class FixAsk(BaseModel):
    """`account_digest` is the SHA-256 of the payee's account as this person has verified it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    account_digest: Digest


class EscrowView(BaseModel):
    available_fen: Fen
    held_fen: Fen


class BatchView(BaseModel):
    id: str
    state: str
    closed_on: date | None
    pay_on: date | None
    settlements: int
    gross_fen: int

    @classmethod
    def of(cls, batch: Batch) -> "BatchView":
        return cls(**batch.model_dump(include=set(cls.model_fields)), settlements=len(batch.settlement_ids))


class StatementLine(BaseModel):
    """A share, or below zero what a dispute took of one."""

    id: str
    order_id: str
    batch_id: str
    amount_fen: int
    state: str


class PayoutView(BaseModel):
    id: str
    state: str
    payee_id: str
    amount_fen: Fen
    attempt: int
    code: str


@routes.post("/escrow/deposits", status_code=201)
def fund_escrow(ask: DepositAsk, unit: OpenUnit, rail: OpenRail) -> EscrowView:
    """Tell of money that came in under a reference; the rail confirms it."""
    service.fund(unit, rail, amount_fen=ask.amount_fen, rail_reference=ask.rail_reference)
    return read_escrow(unit)


@routes.get("/escrow")
def read_escrow(unit: OpenUnit) -> EscrowView:
    """What you can spend, and what is held for your orders."""
    own = unit.caller.participant_id
    return EscrowView(
        available_fen=views.balance_fen(unit.connection, lines.escrow(own)),
        held_fen=views.held_fen(unit.connection, own),
    )


@routes.post("/settlement/batches", status_code=201)
def close_day(unit: OpenUnit) -> BatchView:
    """Split and batch everything that is eligible up to today."""
    return BatchView.of(paying.close_day(unit))


@routes.get("/settlement/batches")
def list_batches(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The batches, for those who settle and those who oversee it."""
    unit.caller.require(Role.SETTLEMENT, Role.AUDITOR, Role.REGULATOR)
    query = select(SQLModel.metadata.tables["batch"])
    return page(
        unit.connection,
        query,
        views.BatchRow,
        path="/v1/settlement/batches",
        limit=limit,
        cursor=cursor,
        view=lambda row: BatchView(**row),
    )


@routes.post("/settlement/batches/{batch_id}:pay")
def pay_batch(batch_id: str, unit: OpenUnit, rail: OpenRail) -> BatchView:
    """Pay what is due and unpaid; safe to repeat."""
    return BatchView.of(paying.pay(unit, rail, batch_id))


@routes.post("/settlement/payouts/{payout_id}:fix")
def fix_payout(payout_id: str, ask: FixAsk, unit: OpenUnit, rail: OpenRail) -> PayoutView:
    """Verify the payee's account; the second person to do so sends the payout again."""
    payout: Payout = paying.fix_payout(unit, rail, payout_id, ask.account_digest)
    return PayoutView(**payout.model_dump(include=set(PayoutView.model_fields)))


@routes.get("/settlement/statements")
def list_statement(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Your shares, order by order."""
    table = SQLModel.metadata.tables["statement_line"]
    own = select(table).where(table.c.payee_id == unit.caller.participant_id)
    return page(
        unit.connection,
        own,
        views.StatementRow,
        path="/v1/settlement/statements",
        limit=limit,
        cursor=cursor,
        view=lambda row: StatementLine(**{name: row[name] for name in StatementLine.model_fields}),
    )
