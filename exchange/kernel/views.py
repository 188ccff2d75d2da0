"""Views: tables derived from facts, updated in the unit that records the fact, rebuilt from nothing else.

A slice declares its table with `**DERIVED` and one projector a kind of entity. Nothing but a projector writes to it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table, select
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
        upsert = _upsert(_table(type(row)), frozenset(keep), self.connection.dialect)
        self.connection.exec_driver_sql(upsert.sql, upsert.bound(row.model_dump()))

    def mirror(self, row: type[SQLModel], **others: Any) -> None:
        """Put a row whose columns are fields of the entity; `others` are those that are not."""
        fields = self.entity.model_dump(mode="json", include=set(row.model_fields) - set(others))
        self.put(row(**fields, **others))

    def add(self, table: type[SQLModel], key: Mapping[str, Any], **amounts: int) -> Mapping[str, int]:
        """Add to the counters of a row, made if it is not there. Answers with the counters as they now stand."""
        added = _addition(_table(table), (*key,), (*amounts,), self.connection.dialect)
        returned = self.connection.exec_driver_sql(added.sql, added.bound({**key, **amounts}))
        return dict(zip(amounts, returned.one(), strict=True))


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


@dataclass(frozen=True, slots=True)
class _Statement:
    """SQL written once, and how each value is handed to the driver."""

    sql: str
    binders: Mapping[str, Callable[[Any], Any] | None]

    def bound(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(values[name] if bind is None else bind(values[name]) for name, bind in self.binders.items())


# A projector runs with every fact, and to write such a statement costs more than to execute it.
@lru_cache(maxsize=512)
def _upsert(table: Table, keep: frozenset[str], dialect: Dialect) -> _Statement:
    keys = [column.name for column in table.primary_key]
    changed = [name for name in table.columns.keys() if name not in (*keys, *keep)]  # noqa: SIM118 - its values differ
    sets = ", ".join(f"{_quoted(name, dialect)} = excluded.{_quoted(name, dialect)}" for name in changed)
    then = f"UPDATE SET {sets}" if sets else "NOTHING"
    return _statement(table, (*table.columns.keys(),), keys, then, dialect)


@lru_cache(maxsize=512)
def _addition(table: Table, key: tuple[str, ...], amounts: tuple[str, ...], dialect: Dialect) -> _Statement:
    own, quoted = _quoted(table.name, dialect), [_quoted(name, dialect) for name in amounts]
    sums = ", ".join(f"{name} = {own}.{name} + excluded.{name}" for name in quoted)
    return _statement(table, (*key, *amounts), key, f"UPDATE SET {sums} RETURNING {', '.join(quoted)}", dialect)


def _statement(
    table: Table, columns: tuple[str, ...], keys: Collection[str], then: str, dialect: Dialect
) -> _Statement:
    names, unique = (", ".join(_quoted(name, dialect) for name in some) for some in (columns, keys))
    marks = ", ".join(["?" if dialect.name == "sqlite" else "%s"] * len(columns))
    into = f"{_quoted(table.name, dialect)} ({names})"
    binders = {name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns}
    return _Statement(f"INSERT INTO {into} VALUES ({marks}) ON CONFLICT ({unique}) DO {then}", binders)  # noqa: S608


def _quoted(name: str, dialect: Dialect) -> str:
    return dialect.identifier_preparer.quote(name)
