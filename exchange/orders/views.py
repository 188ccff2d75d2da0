"""Orders as they are looked up, and how much of each licence is used."""

from sqlalchemy import BigInteger, Connection, exists, func, select
from sqlmodel import Field, SQLModel

from exchange.authorization.model import TicketIssued
from exchange.kernel.clock import SECOND
from exchange.kernel.views import DERIVED, Projection, shows
from exchange.orders.model import LAPSE_GRACE_S, Order


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
    """Tickets, and orders that have their turn but wait for an approval."""
    used, orders = (SQLModel.metadata.tables[name] for name in ("licence_use", "orders"))
    tickets = connection.execute(select(used.c.jobs).where(used.c.id == licence_id)).scalar() or 0
    waiting = select(func.count()).where(orders.c.licence_id == licence_id, orders.c.state == "APPROVAL_PENDING")
    return int(tickets) + int(connection.execute(waiting).scalar_one())


def due(connection: Connection, now: int) -> list[str]:
    """Orders that time alone ends now."""
    table = SQLModel.metadata.tables["orders"]
    query = select(table.c.id).where(table.c.due_at > 0, table.c.due_at <= now).order_by(table.c.due_at).limit(500)
    return list(connection.execute(query).scalars())


def ticketed_before(connection: Connection, placed_at: int) -> list[str]:
    """Orders whose domain has not reported yet, though it had some time."""
    table = SQLModel.metadata.tables["orders"]
    query = select(table.c.id).where(table.c.state == "TICKETED", table.c.placed_at <= placed_at).limit(500)
    return list(connection.execute(query).scalars())


def used_up(connection: Connection) -> list[str]:
    """Licences in force that had all their tickets, none of which is still under way."""
    licence, used, orders = (SQLModel.metadata.tables[name] for name in ("licence", "licence_use", "orders"))
    under_way = exists().where(orders.c.licence_id == licence.c.id, orders.c.state == "TICKETED")
    had = select(licence.c.id).join(used, used.c.id == licence.c.id).where(used.c.jobs >= licence.c.jobs_max)
    query = had.where(licence.c.state == "ACTIVE", ~under_way).order_by(licence.c.id).limit(500)
    return list(connection.execute(query).scalars())


def _reason(order: Order) -> str:
    return order.reasons[0] if order.reasons else (order.refusal or order.cause or "")


def _due_at(order: Order) -> int:
    """When the clockwork should look at the order: never, if nothing is due."""
    if order.state == "TICKETED":
        return (order.expires_at_s + LAPSE_GRACE_S) * SECOND
    return order.inspection_ends_at if order.state == "DELIVERED" else 0
