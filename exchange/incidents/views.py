"""Incidents as they are looked up: by state, by what is due."""

from sqlalchemy import BigInteger, Connection, select
from sqlmodel import Field, SQLModel

from exchange.incidents.model import Incident
from exchange.kernel.views import DERIVED, Projection, shows


class IncidentRow(SQLModel, table=True):
    __tablename__ = "incident"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    kind: str
    about: str = Field(index=True)
    reporter_id: str = Field(index=True)
    report_due_at: int = Field(sa_type=BigInteger, index=True)
    is_late: bool


@shows(Incident)
def _incident(shown: Projection) -> None:
    shown.mirror(IncidentRow)


def due(connection: Connection, now: int) -> list[str]:
    """Open cases whose report should have been made by now."""
    table = SQLModel.metadata.tables["incident"]
    query = select(table.c.id).where(table.c.state == "OPEN", table.c.report_due_at <= now)
    return list(connection.execute(query.order_by(table.c.report_due_at).limit(500)).scalars())
