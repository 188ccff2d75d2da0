"""Schedules as they are looked up: by buyer, and by what is due."""

from sqlalchemy import BigInteger, Connection, select
from sqlmodel import Field, SQLModel

from exchange.kernel.views import DERIVED, Projection, shows
from exchange.orders.schedule_model import Schedule


class ScheduleRow(SQLModel, table=True):
    __tablename__ = "schedule"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    buyer_id: str = Field(index=True)
    provider_id: str = Field(index=True)
    licence_id: str
    every: str
    runs: int
    runs_max: int
    spent_fen: int = Field(sa_type=BigInteger)
    total_cap_fen: int = Field(sa_type=BigInteger)
    next_at: int = Field(sa_type=BigInteger, index=True)


@shows(Schedule)
def _schedule(shown: Projection) -> None:
    shown.mirror(ScheduleRow)


def due(connection: Connection, now: int) -> list[str]:
    """Schedules of which a run is due."""
    table = SQLModel.metadata.tables["schedule"]
    query = select(table.c.id).where(table.c.state == "ACTIVE", table.c.next_at <= now).order_by(table.c.next_at)
    return list(connection.execute(query.limit(500)).scalars())
