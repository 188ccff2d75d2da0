"""Assets as they are looked up: the catalogue, and what was refused before. Never a title of quarantined data."""

from sqlalchemy import BigInteger, Connection, select
from sqlmodel import Field, SQLModel

from exchange.kernel.views import DERIVED, Projection, shows
from exchange.registration.model import Asset


class AssetRow(SQLModel, table=True):
    __tablename__ = "asset"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    holder_id: str = Field(index=True)
    domain: str
    sector: str
    title_zh: str
    title_en: str
    grade: str
    rows: int = Field(sa_type=BigInteger)
    fingerprint: str = Field(index=True)
    certificate_no: str
    handle: str


@shows(Asset)
def _asset(shown: Projection) -> None:
    shown.put(AssetRow(**shown.entity.model_dump(include=set(AssetRow.model_fields))))


def refused_before(connection: Connection, fingerprint: str) -> bool:
    table = SQLModel.metadata.tables["asset"]
    query = select(table.c.id).where(table.c.fingerprint == fingerprint, table.c.state == "REFUSED").limit(1)
    return connection.execute(query).first() is not None
