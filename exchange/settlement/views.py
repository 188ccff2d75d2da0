"""What is shown of money: balances, holds, settlements and everybody's statement. Derived, and refused below zero.

The balance of an account is changed by postings alone; the database adds, so two transactions cannot both have read the
same balance and both spend it.
"""

from datetime import date

from sqlalchemy import BigInteger, Connection, func, select
from sqlmodel import Field, SQLModel

from exchange.kernel import ids
from exchange.kernel.errors import InsufficientFunds
from exchange.kernel.views import DERIVED, Projection, shows
from exchange.settlement import lines
from exchange.settlement.deposits import Deposit
from exchange.settlement.lines import Posting
from exchange.settlement.model import (
    Batch,
    BatchState,
    Hold,
    HoldState,
    Settlement,
    SettlementBatched,
    SettlementClawedBack,
    SettlementState,
)
from exchange.settlement.payout import Payout

# Asked twice for every order, so it is written once.
_BALANCE = "SELECT amount_fen FROM balance WHERE id = ?"


class BalanceRow(SQLModel, table=True):
    __tablename__ = "balance"
    __table_args__ = DERIVED
    id: str = Field(primary_key=True)
    amount_fen: int = Field(sa_type=BigInteger)


class HoldRow(SQLModel, table=True):
    __tablename__ = "hold"
    __table_args__ = DERIVED
    id: str = Field(primary_key=True)
    order_id: str
    payer_id: str = Field(index=True)
    amount_fen: int = Field(sa_type=BigInteger)
    state: str


class SettlementRow(SQLModel, table=True):
    __tablename__ = "settlement"
    __table_args__ = DERIVED
    id: str = Field(primary_key=True)
    order_id: str
    gross_fen: int = Field(sa_type=BigInteger)
    state: str = Field(index=True)
    eligible_on: date | None


class BatchRow(SQLModel, table=True):
    __tablename__ = "batch"
    __table_args__ = DERIVED
    id: str = Field(primary_key=True)
    closed_on: date | None
    pay_on: date | None
    settlements: int
    gross_fen: int = Field(sa_type=BigInteger)
    state: str


class StatementRow(SQLModel, table=True):
    """One payee's part of one settlement, or (below zero) what a dispute took of it: a statement is their sum.

    A pool's part stays BATCHED here: no rail pays it out. NETTED: all of it was kept for what the payee owed.
    """

    __tablename__ = "statement_line"
    __table_args__ = DERIVED
    id: str = Field(primary_key=True)
    payee_id: str = Field(index=True)
    order_id: str
    batch_id: str
    amount_fen: int = Field(sa_type=BigInteger)
    state: str


def post(projection: Projection) -> None:
    posted: Posting = getattr(projection.event, "lines", ())
    for line in posted:
        after = projection.add(BalanceRow, {"id": line.account}, amount_fen=line.amount_fen)
        if after["amount_fen"] < 0 and not lines.may_be_negative(line.account):
            raise InsufficientFunds("the account does not hold that much")


@shows(Deposit)
def _deposit(projection: Projection) -> None:
    post(projection)


@shows(Hold)
def _hold(projection: Projection) -> None:
    post(projection)
    hold: Hold = projection.entity
    projection.put(
        HoldRow(
            id=hold.id, order_id=hold.order_id, payer_id=hold.payer_id, amount_fen=hold.amount_fen, state=hold.state
        )
    )


@shows(Settlement)
def _settlement(projection: Projection) -> None:
    post(projection)
    owed: Settlement = projection.entity
    projection.put(
        SettlementRow(
            id=owed.id,
            order_id=owed.order_id,
            gross_fen=owed.gross_fen,
            state=owed.state,
            eligible_on=owed.eligible_on,
        )
    )
    if isinstance(projection.event, SettlementBatched):
        for payee_id, amount_fen in projection.event.parts_fen.items():
            state = owed.state if owed.payout_fen(payee_id) else "NETTED"
            projection.put(_stated(owed, owed.payout_id(payee_id), payee_id, amount_fen, state))
    elif isinstance(projection.event, SettlementClawedBack):
        for payee_id, amount_fen in projection.event.clawed_fen.items():
            line_id = ids.derived("clw", projection.event.cause, payee_id)
            projection.put(_stated(owed, line_id, payee_id, -amount_fen, "CLAWED_BACK"))


def _stated(owed: Settlement, line_id: str, payee_id: str, amount_fen: int, state: str) -> StatementRow:
    return StatementRow(
        id=line_id,
        payee_id=payee_id,
        order_id=owed.order_id,
        batch_id=owed.batch_id,
        amount_fen=amount_fen,
        state=state,
    )


@shows(Batch)
def _batch(projection: Projection) -> None:
    batch: Batch = projection.entity
    projection.put(
        BatchRow(
            id=batch.id,
            closed_on=batch.closed_on,
            pay_on=batch.pay_on,
            settlements=len(batch.settlement_ids),
            gross_fen=batch.gross_fen,
            state=batch.state,
        )
    )


@shows(Payout)
def _payout(projection: Projection) -> None:
    post(projection)
    payout: Payout = projection.entity
    projection.put(
        StatementRow(
            id=payout.id,
            payee_id=payout.payee_id,
            order_id=payout.order_id,
            batch_id=payout.batch_id,
            amount_fen=payout.amount_fen,
            state=payout.state,
        ),
        # A statement shows the whole part, of which a payout may be what was left after netting.
        keep=("amount_fen",),
    )


def balance_fen(connection: Connection, account: str) -> int:
    """What an account holds; one that was never named holds nothing."""
    sql = _BALANCE if connection.dialect.name == "sqlite" else _BALANCE.replace("?", "%s")
    return connection.exec_driver_sql(sql, (account,)).scalar() or 0


def locked_balance_fen(connection: Connection, account: str) -> int:
    """The same, and nobody else moves it before this transaction ends."""
    if connection.dialect.name == "sqlite":  # Its one writer is alone already.
        return balance_fen(connection, account)
    return connection.exec_driver_sql(f"{_BALANCE} FOR UPDATE".replace("?", "%s"), (account,)).scalar() or 0


def held_fen(connection: Connection, payer_id: str) -> int:
    table = SQLModel.metadata.tables["hold"]
    held = select(func.sum(table.c.amount_fen)).where(table.c.payer_id == payer_id, table.c.state == HoldState.HELD)
    return int(connection.execute(held).scalar() or 0)


def eligible(connection: Connection, *, until: date, limit: int) -> list[str]:
    """Settlements that fell due up to a day, the oldest first."""
    table = SQLModel.metadata.tables["settlement"]
    due = (
        select(table.c.id)
        .where(table.c.state == SettlementState.ELIGIBLE, table.c.eligible_on <= until)
        .order_by(table.c.eligible_on, table.c.id)
        .limit(limit)
    )
    return list(connection.execute(due).scalars())


def batches_due(connection: Connection, today: date) -> list[str]:
    table = SQLModel.metadata.tables["batch"]
    due = select(table.c.id).where(table.c.state == BatchState.CLOSED, table.c.pay_on <= today)
    return list(connection.execute(due.order_by(table.c.id)).scalars())
