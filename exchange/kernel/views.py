"""Views: tables derived from facts, updated in the unit that records the fact, rebuilt from nothing else.

A slice declares its table with `**DERIVED` and one projector a kind of entity. Nothing but a projector writes to it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from exchange.kernel.entity import KINDS, Entity, Event
from exchange.kernel.facts import Fact, read
from exchange.ledger import entries

DERIVED: Mapping[str, Any] = {"info": {"derived": True}}
"""Goes into `__table_args__` of every view, so that a rebuild finds them all."""

Projector = Callable[["Projection"], None]
_PROJECTORS: dict[type[Entity], list[Projector]] = {}


@dataclass(frozen=True, slots=True)
class Projection:
    """One fact to be shown: the entity as it was and as it is now."""

    connection: Connection
    before: Entity
    entity: Any
    fact: Fact

    @property
    def event(self) -> Event:
        return self.fact.event

    def put(self, row: SQLModel, *, keep: Collection[str] = ()) -> None:
        """Insert the row, or replace the one with its key, all but the columns to `keep` as they first were."""
        table = _table(type(row))
        keys = [column.name for column in table.primary_key]
        values = row.model_dump()
        statement = _insert(self.connection, table).values(values)
        changed = {name: statement.excluded[name] for name in values if name not in (*keys, *keep)}
        self.connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))

    def add(self, table: type[SQLModel], key: Mapping[str, Any], **amounts: int) -> Mapping[str, int]:
        """Add to the counters of a row, made if it is not there. Answers with the counters as they now stand."""
        target = _table(table)
        statement = _insert(self.connection, target).values({**key, **amounts})
        sums = {name: target.c[name] + statement.excluded[name] for name in amounts}
        upsert = statement.on_conflict_do_update(index_elements=list(key), set_=sums)
        returned = self.connection.execute(upsert.returning(*(target.c[name] for name in amounts)))
        return dict(returned.mappings().one())


def shows(kind: type[Entity]) -> Callable[[Projector], Projector]:
    """Declare a projector of one kind of entity."""

    def declared(projector: Projector) -> Projector:
        _PROJECTORS.setdefault(kind, []).append(projector)
        return projector

    return declared


def project(projection: Projection) -> None:
    for projector in _PROJECTORS.get(type(projection.entity), ()):
        projector(projection)


def rebuild(connection: Connection) -> int:
    """Throw every view away and fold all facts again. Answers how many facts were folded."""
    for table in derived():
        connection.execute(table.delete())
    entities: dict[str, Entity] = {}
    folded = 0
    for stored in entries.all_in_order(connection):
        fact = read(stored)
        before = entities.get(fact.subject) or KINDS[type(fact.event)](id=fact.subject)
        entities[fact.subject] = now = before.then(fact.event).model_copy(update={"head": fact.id})
        project(Projection(connection, before, now, fact))
        folded += 1
    return folded


def dump(connection: Connection) -> Iterator[str]:
    """Every row of every view, in a fixed order: what a rebuild must reproduce byte for byte."""
    for table in derived():
        order = list(table.primary_key)
        for row in connection.execute(select(table).order_by(*order)):
            yield f"{table.name} {tuple(row)!r}"


def derived() -> list[Table]:
    return sorted((t for t in SQLModel.metadata.tables.values() if t.info.get("derived")), key=lambda t: t.name)


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


def _insert(connection: Connection, table: Table) -> Any:
    # Both dialects know ON CONFLICT in the same words, but each has its own class for it.
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
