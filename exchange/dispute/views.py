"""Disputes as they are looked up: by party, by order, by what is due."""

from sqlalchemy import BigInteger, Connection, select
from sqlmodel import Field, SQLModel

from exchange.dispute.model import Category, Dispute
from exchange.kernel.views import DERIVED, Projection, shows

OPEN = ("OPENED", "RESPONDED", "MEDIATION", "ARBITRATION")
TIMED = ("OPENED", "MEDIATION")


class DisputeRow(SQLModel, table=True):
    __tablename__ = "dispute"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    order_id: str = Field(index=True)
    asset_id: str = Field(index=True)
    claimant_id: str = Field(index=True)
    respondent_id: str = Field(index=True)
    category: str
    claim_fen: int = Field(sa_type=BigInteger)
    refund_fen: int = Field(sa_type=BigInteger)
    due_at: int = Field(sa_type=BigInteger, index=True)


@shows(Dispute)
def _dispute(shown: Projection) -> None:
    shown.mirror(DisputeRow)


def due(connection: Connection, now: int) -> list[str]:
    """Disputes whose answer or mediation has had its time."""
    table = SQLModel.metadata.tables["dispute"]
    query = select(table.c.id).where(table.c.state.in_(TIMED), table.c.due_at <= now).order_by(table.c.due_at)
    return list(connection.execute(query.limit(500)).scalars())


def ownership_claims(connection: Connection, asset_id: str) -> list[str]:
    """Buyers' disputes about who owns an asset that are still open; the first of them freezes it."""
    table = SQLModel.metadata.tables["dispute"]
    about = select(table.c.id).where(table.c.asset_id == asset_id, table.c.category == Category.OWNERSHIP)
    return list(connection.execute(about.where(table.c.state.in_(OPEN)).order_by(table.c.id)).scalars())
