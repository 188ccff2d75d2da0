"""Sanctions as they are looked up; and whose listings, licences and disputes a finding is about."""

from typing import Any

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
    shown.mirror(SanctionRow)


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


_OPEN_STATES = {
    "orders": ("PLACED", "TICKETED", "DELIVERED", "DISPUTED"),
    "dispute": ("OPENED", "RESPONDED", "MEDIATION", "ARBITRATION", "DECIDED"),
    "licence": ("REQUESTED", "OFFERED", "AGREED", "ACTIVE", "SUSPENDED"),
    "listing": ("ASSESSING", "APPROVED", "LIVE", "PAUSED", "SUSPENDED"),
    "statement_line": ("ACCRUED", "ELIGIBLE", "BATCHED", "SUBMITTED", "RETRYING", "FAILED_MANUAL"),
}
_PARTIES = ("buyer_id", "provider_id", "merchant_id", "claimant_id", "respondent_id", "payee_id")


def open_business(connection: Connection, participant_id: str) -> list[str]:
    """What of a participant's is not at its end: by kind, and whether money of its own still lies with the exchange."""
    found = []
    for name, states in _OPEN_STATES.items():
        table = SQLModel.metadata.tables[name]
        mine = or_(*(table.c[side] == participant_id for side in _PARTIES if side in table.c))
        if connection.execute(select(table.c.id).where(mine, table.c.state.in_(states)).limit(1)).first() is not None:
            found.append(name)
    settlement, orders = SQLModel.metadata.tables["settlement"], SQLModel.metadata.tables["orders"]
    sides = or_(orders.c.provider_id == participant_id, orders.c.buyer_id == participant_id)
    unpaid = select(settlement.c.id).join(orders, orders.c.id == settlement.c.order_id)
    unpaid = unpaid.where(sides, settlement.c.state.not_in(("SETTLED", "REFUNDED"))).limit(1)
    if connection.execute(unpaid).first() is not None:
        found.append("settlement")
    if connection.execute(_unowed(participant_id)).first() is not None:
        found.append("balance")
    return found


def _unowed(participant_id: str) -> Any:
    """Accounts named after it that are not even: its escrow, or what it owes."""
    table = SQLModel.metadata.tables["balance"]
    names = [f"{kind}:{participant_id}" for kind in ("escrow", "receivable", "payable")]
    return select(table.c.id).where(table.c.id.in_(names), table.c.amount_fen != 0).limit(1)


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
