"""What the auditor's desk reads: the books as they are shown, and the facts by who, what and when.

Reads tables of other slices and writes none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Connection, or_, select
from sqlmodel import SQLModel

from exchange.kernel.errors import NotFound
from exchange.kernel.views import derived
from exchange.ledger.proofs import with_lines

_SIDES = ("buyer_id", "provider_id")


class Position(BaseModel):
    """How many facts are committed; the books show exactly these."""

    facts: int


class FactBrief(BaseModel):
    """A fact as the log names it, without content. `at` is in microseconds."""

    index: int
    id: str
    type: str
    subject: str
    version: int
    at: int
    actor: str


@dataclass(frozen=True, slots=True)
class Sought:
    """What a search is for; an empty word asks for nothing."""

    subject: str = ""
    party: str = ""
    type: str = ""
    code: str = ""
    since: int = 0
    until: int = 2**53 - 1
    after: int = -1
    limit: int = 200


def position(connection: Connection) -> Position:
    """One statement, so that the sequencer cannot move a fact from one count to the other between them."""
    query = "SELECT (SELECT size FROM head WHERE id = 1), (SELECT count(*) FROM pending)"
    placed, waiting = connection.exec_driver_sql(query).one()
    return Position(facts=placed + waiting)


def rows(connection: Connection, view: str, after: str, limit: int) -> list[Mapping[str, Any]]:
    """The next rows of one of the books, by their id."""
    books = {table.name: table for table in derived() if [column.name for column in table.primary_key] == ["id"]}
    if view not in books:
        raise NotFound("no such book")
    table = books[view]
    query = select(table).where(table.c.id > after).order_by(table.c.id).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def search(connection: Connection, sought: Sought) -> list[FactBrief]:
    """Facts in the order of the log."""
    event, place = SQLModel.metadata.tables["event"], SQLModel.metadata.tables["event_index"]
    shown = [event.c[name] for name in ("id", "type", "subject", "version", "at", "actor")]
    query = (
        select(place.c.idx.label("index"), *shown)
        .join(event, event.c.n == place.c.n)
        .where(place.c.idx > sought.after, event.c.at.between(sought.since, sought.until))
        .order_by(place.c.idx)
        .limit(sought.limit)
    )
    for condition in _conditions(sought):
        query = query.where(condition)
    return [FactBrief(**row) for row in connection.execute(query).mappings()]


def _conditions(sought: Sought) -> list[ColumnElement[bool]]:
    event, orders, licence = (SQLModel.metadata.tables[name] for name in ("event", "orders", "licence"))
    found: list[ColumnElement[bool]] = []
    if sought.subject:
        found.append(event.c.subject == sought.subject)
    if sought.type:
        found.append(event.c.type == sought.type)
    if sought.party:
        # What a party did, what happened to it, and what happened to its trades.
        of_party = [
            event.c.subject.in_(select(table.c.id).where(or_(*(table.c[side] == sought.party for side in _SIDES))))
            for table in (orders, licence)
        ]
        found.append(or_(event.c.actor == sought.party, event.c.subject == sought.party, *of_party))
    if sought.code:
        found.append(event.c.subject.in_(select(orders.c.id).where(orders.c.primary_reason == sought.code)))
    return found


def licences_over(connection: Connection, asset_id: str, buyer_id: str) -> list[str]:
    """Licences over an asset, of one buyer or of all, the newest first."""
    event, licence = SQLModel.metadata.tables["event"], SQLModel.metadata.tables["licence"]
    query = (
        select(licence.c.id)
        .join(event, event.c.subject == licence.c.id)
        .where(licence.c.asset_id == asset_id, event.c.type == "licence.activated")
        .order_by(event.c.n.desc())
        .limit(10)
    )
    return list(connection.execute(query.where(licence.c.buyer_id == buyer_id) if buyer_id else query).scalars())


def notes_from(connection: Connection, size: int) -> list[tuple[str, int, bytes]]:
    """Every note signed at this size or more, with what witnesses wrote below it, its size and its root."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    query = f"SELECT note, size, root FROM checkpoint WHERE size >= {mark} ORDER BY size"  # noqa: S608 - a mark only
    rows = connection.exec_driver_sql(query, (size,)).all()
    return [(with_lines(connection, row[1], row[0]), row[1], bytes(row[2])) for row in rows]
