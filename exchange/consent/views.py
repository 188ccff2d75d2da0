"""Consents as they are looked up: of a person by its pseudonyms, of an asset by its cohort. No person stands here."""

from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, select
from sqlmodel import Field, SQLModel

from exchange.consent.model import Consent, ConsentActivated
from exchange.kernel.views import DERIVED, Projection, shows


class ConsentRow(SQLModel, table=True):
    __tablename__ = "consent"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str
    pseudonym: str = Field(index=True)
    asset_id: str = Field(index=True)
    purposes: str
    modes: str
    recipients: str
    separate: bool
    proceeds: bool
    records: int = Field(sa_type=BigInteger)
    activated_at: int = Field(sa_type=BigInteger)
    due_at: int = Field(sa_type=BigInteger, index=True)


class Wanted(NamedTuple):
    """What a job does with an asset, and since when it is decided. `separate`: only such consent will do."""

    asset_id: str
    purpose: str
    mode: str
    recipient_id: str
    separate: bool
    now: int
    placed_at: int


@shows(Consent)
def _consent(shown: Projection) -> None:
    consent: Consent = shown.entity
    fields = consent.model_dump(include={"id", "state", "pseudonym", "asset_id", "separate", "records"})
    is_new = isinstance(shown.event, ConsentActivated)
    row = ConsentRow(
        **fields,
        purposes=_words(consent.purposes),
        modes=_words(consent.modes),
        recipients=_words(consent.recipients),
        proceeds=consent.proceeds_accepted,
        activated_at=shown.fact.at if is_new else 0,
        due_at=consent.due_at,
    )
    shown.put(row, keep=() if is_new else ("activated_at",))


def _words(some: tuple[str, ...]) -> str:
    """Each between blanks, so that one is looked for whole."""
    return f" {' '.join(some)} "


def cohort(connection: Connection, wanted: Wanted) -> dict[str, int]:
    """Whose records may be in a job now: active, for this, since before it was placed. The number is what each weighs
    when proceeds are shared: its records, or nothing where it wants none.
    """
    table = SQLModel.metadata.tables["consent"]
    fits = select(table.c.pseudonym, table.c.records, table.c.proceeds).where(
        table.c.asset_id == wanted.asset_id,
        table.c.state == "ACTIVE",
        table.c.activated_at <= wanted.placed_at,
        table.c.due_at > wanted.now,
        table.c.purposes.contains(f" {wanted.purpose} ", autoescape=True),
        table.c.modes.contains(f" {wanted.mode} ", autoescape=True),
        (table.c.recipients == "  ") | table.c.recipients.contains(f" {wanted.recipient_id} ", autoescape=True),
    )
    if wanted.separate:
        fits = fits.where(table.c.separate)
    found = connection.execute(fits.order_by(table.c.pseudonym))
    return {str(name): int(records) if proceeds else 0 for name, records, proceeds in found}


def living(connection: Connection, pseudonym: str) -> list[str]:
    """Consents of a pseudonym that are granted or active."""
    table = SQLModel.metadata.tables["consent"]
    mine = select(table.c.id).where(table.c.pseudonym == pseudonym, table.c.state.in_(("GRANTED", "ACTIVE")))
    return list(connection.execute(mine.order_by(table.c.id)).scalars())


def assets(connection: Connection) -> list[str]:
    """Assets for which anybody ever gave consent."""
    table = SQLModel.metadata.tables["consent"]
    return list(connection.execute(select(table.c.asset_id).distinct().order_by(table.c.asset_id)).scalars())


def due(connection: Connection, now: int) -> list[str]:
    """Consents whose time is over."""
    table = SQLModel.metadata.tables["consent"]
    query = select(table.c.id).where(table.c.due_at > 0, table.c.due_at <= now).order_by(table.c.due_at).limit(500)
    return list(connection.execute(query).scalars())
