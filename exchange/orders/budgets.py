"""The mirror of privacy budgets: what receipts say was spent, what tickets under way may spend, what was answered.

The domain has the last word. The mirror keeps a buyer from paying for what its domain would refuse, and never stands in
the way of a question whose answer is stored there already: that one is free.
"""

from dataclasses import dataclass

from pydantic import BaseModel
from sqlalchemy import BigInteger, Connection, select
from sqlmodel import Field, SQLModel

from exchange.authorization.model import TicketIssued
from exchange.kernel.views import DERIVED, Projection, shows
from exchange.orders.model import Order
from exchange.wire.budgets import RHO_MIN_NRHO, of_buyer
from exchange.wire.licences import PrivacyBudget
from exchange.wire.receipts import Receipt
from exchange.wire.refusals import Refusal


class BudgetSpentRow(SQLModel, table=True):
    """One account, or one buyer's share in it: spent by receipts, reserved by tickets that have none yet."""

    __tablename__ = "budget_spent"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    spent_nrho: int = Field(sa_type=BigInteger, default=0)
    reserved_nrho: int = Field(sa_type=BigInteger, default=0)


class BudgetAccountRow(SQLModel, table=True):
    """Whose an account is: the asset last answered from it, and of a buyer's share the buyer."""

    __tablename__ = "budget_account"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    asset_id: str
    buyer_id: str


class StoredAnswerRow(SQLModel, table=True):
    """A question that its domain has an answer to, as a receipt shows."""

    __tablename__ = "stored_answer"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    order_id: str


class AccountView(BaseModel):
    """What is left of one account, by the mirror. `whose` is `all` for all buyers together, or `buyer` for oneself."""

    account: str
    whose: str
    cap_nrho: int
    spent_nrho: int
    reserved_nrho: int
    left_nrho: int


@dataclass(frozen=True, slots=True)
class Spending:
    """What one answer with noise would be charged to. Without a budget in the licence there is no account."""

    buyer_id: str
    budget: PrivacyBudget | None
    rho_nrho: int
    accounts: tuple[str, ...]
    answer_id: str

    def is_free(self, connection: Connection) -> bool:
        """Whether the domain would answer from what it has stored."""
        table = SQLModel.metadata.tables["stored_answer"]
        return connection.execute(select(table.c.id).where(table.c.id == self.answer_id)).first() is not None

    def suffices(self, connection: Connection) -> bool:
        """Whether the price is one that may be asked, and every account has as much left."""
        if self.budget is None:
            return self.rho_nrho == 0  # An exact answer has no such price.
        if not RHO_MIN_NRHO <= self.rho_nrho <= self.budget.query_cap_nrho:
            return False
        return self.is_free(connection) or all(one.left_nrho >= self.rho_nrho for one in self.left(connection))

    def left(self, connection: Connection) -> tuple[AccountView, ...]:
        """Every account it would be charged to."""
        if self.budget is None:
            return ()
        caps = {"all": self.budget.version_cap_nrho, "buyer": self.budget.buyer_cap_nrho}
        ids = {(one, "all"): one for one in self.accounts}
        ids |= {(one, "buyer"): of_buyer(one, self.buyer_id) for one in self.accounts}
        table = SQLModel.metadata.tables["budget_spent"]
        query = select(table.c.id, table.c.spent_nrho, table.c.reserved_nrho).where(table.c.id.in_(ids.values()))
        found = {row[0]: (int(row[1]), int(row[2])) for row in connection.execute(query)}
        views = []
        for (account, whose), place in ids.items():
            spent, reserved = found.get(place, (0, 0))
            left = max(caps[whose] - spent - reserved, 0)
            views.append(AccountView(account=account, whose=whose, cap_nrho=caps[whose], spent_nrho=spent,
                                     reserved_nrho=reserved, left_nrho=left))  # fmt: skip
        return tuple(views)


@shows(Order)
def _budget(shown: Projection) -> None:
    """Reserved with the ticket, spent with the receipt; an order that ends without one gives its reservation back."""
    order: Order = shown.entity
    if isinstance(shown.event, TicketIssued):
        _add(shown, order, 0, order.rho_nrho)
        for account in order.accounts:
            shown.put(BudgetAccountRow(id=account, asset_id=order.asset_id, buyer_id=""))
            whose = of_buyer(account, order.buyer_id)
            shown.put(BudgetAccountRow(id=whose, asset_id=order.asset_id, buyer_id=order.buyer_id))
    elif shown.before.state == "TICKETED":
        receipt = None if order.receipt is None else Receipt.peeked(order.receipt)
        _add(shown, order, receipt.spent_nrho if receipt else 0, -order.rho_nrho)
        # Told, or not to be told of by anybody: either way the domain has it and will say the same again.
        if receipt and order.answer_id and receipt.refusal in (None, Refusal.NOTHING_RELEASABLE):
            shown.put(StoredAnswerRow(id=order.answer_id, order_id=order.id), keep=("order_id",))


def _add(shown: Projection, order: Order, spent_nrho: int, reserved_nrho: int) -> None:
    for account in order.accounts:
        for place in (account, of_buyer(account, order.buyer_id)):
            shown.add(BudgetSpentRow, {"id": place}, spent_nrho=spent_nrho, reserved_nrho=reserved_nrho)


def lock(connection: Connection, accounts: tuple[str, ...]) -> None:
    """Nobody else reserves from these accounts before the transaction ends. SQLite lets in one writer anyway."""
    if connection.dialect.name == "sqlite":
        return
    for account in sorted(accounts):
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (account,))
