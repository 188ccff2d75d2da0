"""Listings and licences as they are looked up: by domain, by party, by state."""

from sqlalchemy import BigInteger, Connection, Table, and_, or_, select
from sqlmodel import Field, SQLModel

from exchange.kernel.views import DERIVED, Projection, shows
from exchange.licensing.model import Licence, Listing

OPEN = ("REQUESTED", "OFFERED", "ACTIVE", "SUSPENDED")


class ListingRow(SQLModel, table=True):
    __tablename__ = "listing"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    asset_id: str = Field(index=True)
    provider_id: str
    merchant_id: str
    domain: str
    sector: str
    title_zh: str
    title_en: str
    template: str


class LicenceRow(SQLModel, table=True):
    __tablename__ = "licence"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    listing_id: str = Field(index=True)
    asset_id: str = Field(index=True)
    provider_id: str = Field(index=True)
    buyer_id: str = Field(index=True)
    domain: str
    jobs_max: int
    due_at: int = Field(sa_type=BigInteger, index=True)


@shows(Listing)
def _listing(shown: Projection) -> None:
    listing: Listing = shown.entity
    template = listing.template.model_dump_json() if listing.template else ""
    shown.mirror(ListingRow, template=template)


@shows(Licence)
def _licence(shown: Projection) -> None:
    licence: Licence = shown.entity
    shown.mirror(LicenceRow, jobs_max=licence.agreed_terms.jobs_max, due_at=licence.due_at)


def due(connection: Connection, now: int) -> list[str]:
    """Licences that time alone ends now, and requests nobody answered."""
    table = SQLModel.metadata.tables["licence"]
    query = select(table.c.id).where(table.c.due_at > 0, table.c.due_at <= now).order_by(table.c.due_at).limit(500)
    return list(connection.execute(query).scalars())


def open_licences(connection: Connection, listing_id: str) -> bool:
    """Whether anybody has, or waits for, a licence under a listing."""
    table = SQLModel.metadata.tables["licence"]
    query = select(table.c.id).where(table.c.listing_id == listing_id, table.c.state.in_(OPEN)).limit(1)
    return connection.execute(query).first() is not None


def asset_is_licensed(connection: Connection, asset_id: str) -> bool:
    """Whether anybody has, or waits for, a licence over an asset."""
    table = SQLModel.metadata.tables["licence"]
    query = select(table.c.id).where(table.c.asset_id == asset_id, table.c.state.in_(OPEN)).limit(1)
    return connection.execute(query).first() is not None


def asset_is_listed(connection: Connection, asset_id: str) -> bool:
    """Whether a listing of an asset is on its way to the market, on it, or rests."""
    table = SQLModel.metadata.tables["listing"]
    ended = table.c.state.in_(("REJECTED", "DELISTED"))
    query = select(table.c.id).where(table.c.asset_id == asset_id, ~ended).limit(1)
    return connection.execute(query).first() is not None


def assets_on_the_market(connection: Connection) -> list[tuple[str, str]]:
    """Every listing on the market, with its asset."""
    return _assets(connection, SQLModel.metadata.tables["listing"], ("LIVE", "PAUSED"))


def assets_of_licences(connection: Connection) -> list[tuple[str, str]]:
    """Every licence in force, with its asset."""
    return _assets(connection, SQLModel.metadata.tables["licence"], ("ACTIVE",))


def uncertified_listings(connection: Connection) -> list[str]:
    """Listings on the market whose asset has no certificate any more."""
    return _uncertified(connection, SQLModel.metadata.tables["listing"], ("LIVE", "PAUSED"))


def uncertified_licences(connection: Connection) -> list[str]:
    """Licences in force whose asset has no certificate any more."""
    return _uncertified(connection, SQLModel.metadata.tables["licence"], ("ACTIVE",))


def unprovided_listings(connection: Connection) -> list[str]:
    """Listings on the market whose provider is suspended, and any that a revoked provider still has."""
    table, party = (SQLModel.metadata.tables[name] for name in ("listing", "participant"))
    rests = and_(party.c.state == "SUSPENDED", table.c.state == "LIVE")
    ends = and_(party.c.state == "REVOKED", table.c.state.in_(("LIVE", "PAUSED", "SUSPENDED")))
    query = select(table.c.id).join(party, party.c.id == table.c.provider_id).where(or_(rests, ends))
    return list(connection.execute(query.order_by(table.c.id).limit(500)).scalars())


def unprovided_licences(connection: Connection) -> list[str]:
    """Licences in force or resting of which one party is revoked."""
    table, party = (SQLModel.metadata.tables[name] for name in ("licence", "participant"))
    sides = or_(party.c.id == table.c.provider_id, party.c.id == table.c.buyer_id)
    lost = (party.c.state == "REVOKED", table.c.state.in_(("ACTIVE", "SUSPENDED")))
    query = select(table.c.id).join(party, sides).where(*lost).distinct()
    return list(connection.execute(query.order_by(table.c.id).limit(500)).scalars())


def _assets(connection: Connection, table: Table, states: tuple[str, ...]) -> list[tuple[str, str]]:
    query = select(table.c.id, table.c.asset_id).where(table.c.state.in_(states)).order_by(table.c.id)
    return [(str(row[0]), str(row[1])) for row in connection.execute(query)]


def _uncertified(connection: Connection, table: Table, states: tuple[str, ...]) -> list[str]:
    asset = SQLModel.metadata.tables["asset"]
    lost = and_(asset.c.state.in_(("FROZEN", "EXPIRED", "CANCELLED")), table.c.state.in_(states))
    if table.name == "licence":
        # With the certificate's own end, a licence ends too, be it resting or not.
        lost = or_(lost, and_(asset.c.state == "EXPIRED", table.c.state == "SUSPENDED"))
    query = select(table.c.id).join(asset, asset.c.id == table.c.asset_id).where(lost)
    return list(connection.execute(query.order_by(table.c.id).limit(500)).scalars())


def lock(connection: Connection, licence_id: str) -> None:
    """Nobody else changes this licence before the transaction ends, nor does who else asked for it get past here."""
    table = SQLModel.metadata.tables["licence"]
    connection.execute(select(table.c.id).where(table.c.id == licence_id).with_for_update())
