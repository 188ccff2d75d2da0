"""Money over HTTP: what comes in, the batches, everybody's statement. What goes out is in `payout_routes`."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import SQLModel

from exchange.access.model import Participant
from exchange.kernel.caller import NOBODY, Role
from exchange.kernel.http import Asked, OpenUnit, asked, router
from exchange.kernel.pages import Cursor, Limit, of_row, page
from exchange.settlement import lines, paying, service, views
from exchange.settlement.model import Batch
from exchange.settlement.rails import Account, RailAnswer, RailName, Rails, Wallet
from exchange.wire.acts import Fen

routes = router("/v1", "settlement")


class DepositAsk(BaseModel):
    """`rail` is where the money came in: a bank account of the exchange, or a conditional e-CNY wallet."""

    model_config = ConfigDict(extra="forbid", strict=True)
    amount_fen: Annotated[int, Field(ge=1, le=10**13)]
    rail_reference: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{4,64}$")]
    rail: RailName = "bank"


def _confirmed(ask: DepositAsk, asking: Annotated[Asked, Depends(asked)], request: Request) -> RailAnswer:
    """What the rail says of the receipt: asked before the unit is opened, once the caller is known to be one."""
    rails: Rails = request.app.state.rails
    with asking.ground.reading(NOBODY) as unit:
        caller = asking.authenticate(unit, asking.credential)
        caller.require(Role.BUYER)
        payer_id = caller.participant_id
        name = unit.load(Participant, payer_id).org_name
    wallet = Wallet.BANK if ask.rail == "bank" else Wallet.CORPORATE
    payer = Account(payer_id, wallet, ask.rail_reference, name)
    key = service.deposit_id(ask.rail, ask.rail_reference)
    return rails.named(ask.rail).reserve(key=key, payer=payer, amount_fen=ask.amount_fen)


Confirmed = Annotated[RailAnswer, Depends(_confirmed)]


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


@routes.post("/escrow/deposits", status_code=201)
def fund_escrow(ask: DepositAsk, unit: OpenUnit, confirmed: Confirmed) -> EscrowView:
    """Tell of money that came in under a reference; the rail confirms it."""
    service.fund(unit, ask.rail, confirmed, amount_fen=ask.amount_fen, rail_reference=ask.rail_reference)
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


@routes.get("/settlement/batches/{batch_id}")
def get_batch(batch_id: str, unit: OpenUnit) -> BatchView:
    unit.caller.require(Role.SETTLEMENT, Role.AUDITOR, Role.REGULATOR)
    return BatchView.of(unit.get(Batch, batch_id))


@routes.post("/settlement/batches/{batch_id}:pay")
def pay_batch(batch_id: str, unit: OpenUnit) -> BatchView:
    """Order its payouts, from the working day after; the rails are told at once. Safe to repeat."""
    return BatchView.of(paying.pay(unit, batch_id))


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
        view=of_row(StatementLine),
    )
