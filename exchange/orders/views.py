"""Orders as they are looked up, and how much of each licence is used."""

from sqlalchemy import BigInteger, Connection, select
from sqlmodel import Field, SQLModel

from exchange.authorization.model import TicketIssued
from exchange.kernel.views import DERIVED, Projection, shows
from exchange.orders.model import Order


class OrderRow(SQLModel, table=True):
    __tablename__ = "orders"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    buyer_id: str = Field(index=True)
    provider_id: str = Field(index=True)
    licence_id: str = Field(index=True)
    asset_id: str
    domain: str
    purpose: str
    hold_fen: int = Field(sa_type=BigInteger)
    price_fen: int = Field(sa_type=BigInteger)
    primary_reason: str
    placed_at: int = Field(sa_type=BigInteger)
    due_at: int = Field(sa_type=BigInteger, index=True)


class LicenceUseRow(SQLModel, table=True):
    """How many tickets a licence had."""

    __tablename__ = "licence_use"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    jobs: int = Field(sa_type=BigInteger, default=0)


@shows(Order)
def _order(shown: Projection) -> None:
    order = shown.entity
    if isinstance(shown.event, TicketIssued):
        shown.add(LicenceUseRow, {"id": order.licence_id}, jobs=1)
    fields = order.model_dump(mode="json", include=set(OrderRow.model_fields))
    row = OrderRow(**fields, primary_reason=_reason(order), placed_at=shown.fact.at, due_at=_due_at(order))
    shown.put(row, keep=("placed_at",))


def jobs_used(connection: Connection, licence_id: str) -> int:
    table = SQLModel.metadata.tables["licence_use"]
    return int(connection.execute(select(table.c.jobs).where(table.c.id == licence_id)).scalar() or 0)


def _reason(order: Order) -> str:
    return order.reasons[0] if order.reasons else (order.refusal or order.cause or "")


def _due_at(order: Order) -> int:
    """When the clockwork should look at the order: never, if nothing is due."""
    if order.state == "TICKETED":
        return order.expires_at_s * 1_000_000
    return order.inspection_ends_at if order.state == "DELIVERED" else 0
