"""Payouts as the teller and their payees look them up, and where each payee is paid. Moves no balance."""

from sqlalchemy import BigInteger, Connection, select
from sqlmodel import Field, SQLModel

from exchange.kernel.views import DERIVED, Projection, shows
from exchange.settlement.accounts import PayeeAccount
from exchange.settlement.deposits import Deposit
from exchange.settlement.payout import (
    Payout,
    PayoutFailed,
    PayoutPartPaid,
    PayoutSettled,
    PayoutState,
    PayoutSubmitted,
)
from exchange.settlement.rails import rail_of
from exchange.settlement.reconcile import Booked


class PayoutRow(SQLModel, table=True):
    """`due_at` is when the teller looks at it next; 0 for never."""

    __tablename__ = "payout"
    __table_args__ = DERIVED
    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    payee_id: str = Field(index=True)
    order_id: str
    batch_id: str = Field(index=True)
    amount_fen: int = Field(sa_type=BigInteger)
    paid_fen: int = Field(sa_type=BigInteger)
    attempt: int
    code: str
    due_at: int = Field(sa_type=BigInteger, index=True)


class RailKeyRow(SQLModel, table=True):
    """One key under which money moved or was to move: out of the exchange above zero, into it below."""

    __tablename__ = "rail_key"
    __table_args__ = DERIVED
    id: str = Field(primary_key=True)
    rail: str = Field(index=True)
    subject: str
    state: str
    amount_fen: int = Field(sa_type=BigInteger)


class AccountRow(SQLModel, table=True):
    __tablename__ = "payee_account"
    __table_args__ = DERIVED
    id: str = Field(primary_key=True)
    state: str
    payee_id: str = Field(index=True)
    wallet: str
    reference: str
    account_digest: str


_KEY_STATES = {PayoutSubmitted: "SUBMITTED", PayoutPartPaid: "PAID", PayoutSettled: "PAID", PayoutFailed: "FAILED"}


@shows(Payout)
def _payout(projection: Projection) -> None:
    payout: Payout = projection.entity
    projection.mirror(PayoutRow, due_at=payout.due_at)
    state = _KEY_STATES.get(type(projection.event))
    if state is not None:
        key = RailKeyRow(
            id=payout.key, rail=rail_of(payout.wallet), subject=payout.id, state=state, amount_fen=payout.part_fen
        )
        projection.put(key)


@shows(Deposit)
def _deposit(projection: Projection) -> None:
    deposit: Deposit = projection.entity
    for line in deposit.lines:
        if line.account.startswith("rail:"):
            rail = line.account.removeprefix("rail:")
            key = RailKeyRow(id=deposit.id, rail=rail, subject=deposit.id, state="PAID", amount_fen=line.amount_fen)
            projection.put(key)


@shows(PayeeAccount)
def _account(projection: Projection) -> None:
    projection.mirror(AccountRow)


def payouts_due(connection: Connection, now: int, after: str) -> list[str]:
    """Payouts the teller should look at now, by their ids."""
    table = SQLModel.metadata.tables["payout"]
    due = select(table.c.id).where(table.c.due_at > 0, table.c.due_at <= now, table.c.id > after)
    return list(connection.execute(due.order_by(table.c.id).limit(500)).scalars())


def unsettled(connection: Connection, batch_id: str) -> bool:
    """Whether anything of a batch is not paid yet."""
    table = SQLModel.metadata.tables["payout"]
    open_ones = select(table.c.id).where(table.c.batch_id == batch_id, table.c.state != PayoutState.SETTLED)
    return connection.execute(open_ones.limit(1)).first() is not None


def booked(connection: Connection, rail: str) -> list[Booked]:
    """Every key of a rail, as our facts say."""
    table = SQLModel.metadata.tables["rail_key"]
    rows = connection.execute(select(table.c.id, table.c.state, table.c.amount_fen).where(table.c.rail == rail))
    return [Booked(str(key), str(state), int(fen)) for key, state, fen in rows]
