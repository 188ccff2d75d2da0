"""Assets as they are looked up: the catalogue, and what was refused before. Never a title of quarantined data."""

from datetime import date

from sqlalchemy import BigInteger, Connection, or_, select
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
    exclusive: bool
    evidence_sha256: str
    is_core: bool
    valid_to: str
    certificate_no: str = Field(index=True)
    handle: str = Field(index=True)


@shows(Asset)
def _asset(shown: Projection) -> None:
    asset: Asset = shown.entity
    valid_to = asset.valid_to.isoformat() if asset.valid_to else ""
    shown.mirror(AssetRow, valid_to=valid_to, evidence_sha256=asset.evidence_sha256)


def core_before(connection: Connection, fingerprint: str) -> bool:
    """Whether this very data was found to be core data once: then whatever is claimed of it now, it stays out."""
    table = SQLModel.metadata.tables["asset"]
    query = select(table.c.id).where(table.c.fingerprint == fingerprint, table.c.is_core).limit(1)
    return connection.execute(query).first() is not None


def refused_before(connection: Connection, fingerprint: str, evidence_sha256: str) -> bool:
    """Whether this very data was refused on this very claim. New evidence is looked at anew."""
    table = SQLModel.metadata.tables["asset"]
    same = (table.c.fingerprint == fingerprint, table.c.evidence_sha256 == evidence_sha256)
    query = select(table.c.id).where(*same, table.c.state == "REFUSED").limit(1)
    return connection.execute(query).first() is not None


def certified_twins(connection: Connection, fingerprint: str) -> list[tuple[str, bool]]:
    """Assets with a certificate over the same data, each with whether its right is exclusive."""
    table = SQLModel.metadata.tables["asset"]
    held = table.c.state.in_(("CERTIFIED", "FROZEN"))
    query = select(table.c.id, table.c.exclusive).where(table.c.fingerprint == fingerprint, held).order_by(table.c.id)
    return [(str(row[0]), bool(row[1])) for row in connection.execute(query)]


def named(connection: Connection, handle: str) -> str | None:
    """Which asset a handle, or a certificate number, stands for."""
    table = SQLModel.metadata.tables["asset"]
    query = select(table.c.id).where(or_(table.c.handle == handle, table.c.certificate_no == handle)).limit(1)
    found: str | None = connection.execute(query).scalar()
    return found


def outlived(connection: Connection, today: date) -> list[str]:
    """Certified assets whose last valid day has passed."""
    table = SQLModel.metadata.tables["asset"]
    query = select(table.c.id).where(table.c.state == "CERTIFIED", table.c.valid_to < today.isoformat())
    return [str(row[0]) for row in connection.execute(query.order_by(table.c.id))]
