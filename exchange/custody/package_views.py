"""What is kept for others as it is looked up: by party, by state, by what is due. Never the bytes."""

from sqlalchemy import BigInteger, Connection, select
from sqlmodel import Field, SQLModel

from exchange.custody.packages import KEPT, Custody
from exchange.kernel.views import DERIVED, Projection, shows


class CustodyRow(SQLModel, table=True):
    __tablename__ = "custody"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    kind: str
    asset_id: str = Field(index=True)
    depositor_id: str = Field(index=True)
    custodian_id: str = Field(index=True)
    recipient_id: str = Field(index=True)
    object_sha256: str
    object_bytes: int = Field(sa_type=BigInteger)
    release_due_at: int = Field(sa_type=BigInteger, index=True)
    proof_due_at: int = Field(sa_type=BigInteger, index=True)
    proof_missed: bool


@shows(Custody)
def _custody(shown: Projection) -> None:
    shown.mirror(CustodyRow)


def unanswered(connection: Connection, now: int) -> list[str]:
    """Requests for release whose three working days are over."""
    table = SQLModel.metadata.tables["custody"]
    late = (table.c.state == "RELEASE_PENDING", table.c.release_due_at <= now)
    return list(connection.execute(select(table.c.id).where(*late).order_by(table.c.id).limit(500)).scalars())


def unproved(connection: Connection, now: int) -> list[str]:
    """What lies still, is due to be proved, and was not noted as missing yet."""
    table = SQLModel.metadata.tables["custody"]
    late = (table.c.state.in_(KEPT), ~table.c.proof_missed, table.c.proof_due_at > 0, table.c.proof_due_at <= now)
    return list(connection.execute(select(table.c.id).where(*late).order_by(table.c.id).limit(500)).scalars())
