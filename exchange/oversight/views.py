"""Sanctions as they are looked up; and whose listings, licences and disputes a finding is about."""

from sqlalchemy import BigInteger, Connection, func, or_, select
from sqlmodel import Field, SQLModel

from exchange.kernel.clock import SECOND
from exchange.kernel.unit import Unit
from exchange.kernel.views import DERIVED, Projection, shows
from exchange.oversight.model import Sanction

YEAR_US = 365 * 86_400 * SECOND


class SanctionRow(SQLModel, table=True):
    __tablename__ = "sanction"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    ground: str
    ladder_step: str
    participant_id: str = Field(index=True)
    listing_id: str
    licence_id: str
    listing_action: str
    party_action: str
    licence_action: str
    rectify_due_at: int = Field(sa_type=BigInteger, index=True)
    appeal_due_at: int = Field(sa_type=BigInteger)


@shows(Sanction)
def _sanction(shown: Projection) -> None:
    shown.put(SanctionRow(**shown.entity.model_dump(mode="json", include=set(SanctionRow.model_fields))))


def unrectified(connection: Connection, now: int) -> list[str]:
    table = SQLModel.metadata.tables["sanction"]
    late = (table.c.state == "RECTIFYING", table.c.rectify_due_at <= now)
    return list(connection.execute(select(table.c.id).where(*late).order_by(table.c.id).limit(500)).scalars())


def found_before(unit: Unit, participant_id: str, ground: str) -> bool:
    """Whether the same was found of the same participant before, and not annulled."""
    table = SQLModel.metadata.tables["sanction"]
    same = (table.c.participant_id == participant_id, table.c.ground == ground, table.c.state != "ANNULLED")
    return unit.connection.execute(select(table.c.id).where(*same).limit(1)).first() is not None


def quality_upheld(unit: Unit, participant_id: str) -> int:
    """Disputes about quality that were decided against it within twelve months."""
    dispute, event = (SQLModel.metadata.tables[name] for name in ("dispute", "event"))
    against = (dispute.c.respondent_id == participant_id, dispute.c.category == "QUALITY", dispute.c.refund_fen > 0)
    closed = select(func.count(func.distinct(dispute.c.id))).join(event, event.c.subject == dispute.c.id)
    query = closed.where(*against, event.c.type == "dispute.closed", event.c.at > unit.now - YEAR_US)
    return min(1_000, int(unit.connection.execute(query).scalar() or 0))


def listings_of(connection: Connection, participant_id: str) -> list[str]:
    """A participant's listings that are on the market or rest."""
    table = SQLModel.metadata.tables["listing"]
    own = (table.c.provider_id == participant_id, table.c.state.in_(("LIVE", "PAUSED", "SUSPENDED")))
    return list(connection.execute(select(table.c.id).where(*own).order_by(table.c.id)).scalars())


def licences_of(connection: Connection, participant_id: str, listing_id: str) -> list[str]:
    """Licences in force or resting: under one listing, or all the participant gave or holds."""
    table = SQLModel.metadata.tables["licence"]
    sides = or_(table.c.provider_id == participant_id, table.c.buyer_id == participant_id)
    meant = table.c.listing_id == listing_id if listing_id else sides
    query = select(table.c.id).where(meant, table.c.state.in_(("ACTIVE", "SUSPENDED"))).order_by(table.c.id)
    return list(connection.execute(query).scalars())
