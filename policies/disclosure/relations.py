"""What a query reads from: relations of checked columns, and how a name finds exactly one of them (R03).

A name that fits none or two is refused; nothing is guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from policies.disclosure.columns import folded
from policies.disclosure.dates import Calendar
from policies.disclosure.refusals import Denied
from policies.disclosure.values import Value, stored


@dataclass(frozen=True, slots=True)
class Body:
    """A source before it is given an alias: a registered table, or a checked subquery."""

    text: str
    columns: Mapping[str, tuple[str, Value]]  # folded name -> (name in the engine, the value without an alias)
    unit: str | None
    units_of: str | None
    unit_unique: bool
    keys: tuple[frozenset[str], ...]
    tables: frozenset[str]
    rows_max: int | None
    unit_rows_max: int
    unit_rows_known: bool  # Whether that is counted or declared, and not only supposed.
    depth: int
    plain: bool

    def under(self, alias: str, *, optional: bool) -> dict[str, Value]:
        return {
            name: stored(value, f'{alias}."{engine}"', clamped=self.plain, optional=optional)
            for name, (engine, value) in self.columns.items()
        }


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition on rows that k units must meet; a loose one may also be met by nobody."""

    sql: str
    loose: bool


@dataclass(frozen=True, slots=True)
class Sources:
    """A FROM clause, checked."""

    text: str
    relations: Mapping[str, Mapping[str, Value]]
    merged: frozenset[str]  # Columns named in USING: either side stands for both.
    unit: Value | None
    units_of: str | None
    unit_unique: bool
    keys: tuple[frozenset[str], ...]
    guards: tuple[Guard, ...]
    tables: frozenset[str]
    rows_max: int | None
    unit_rows_max: int
    unit_rows_known: bool
    depth: int
    conditions: tuple[str, ...]  # Rows without a unit are nobody's, and are not read.


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands."""

    sources: Sources
    exact: bool
    outermost: bool
    calendar: Calendar


def resolve(node: exp.Column, sources: Sources) -> Value:
    """The one column this name means."""
    name, qualifier = folded(node.name), node.args.get("table")
    if qualifier is not None:
        columns = sources.relations.get(folded(qualifier.name), {})
        found = [columns[name]] if name in columns else []
    else:
        found = [columns[name] for columns in sources.relations.values() if name in columns]
    if len(found) > 1 and name not in sources.merged:
        raise Denied("R03", "a column name that fits more than one source", column=node.name, fix="qualify the name")
    if not found:
        raise Denied("R03", "a column that no source has", column=node.name, fix="use a column of the asset")
    return found[0]


def opened(node: exp.Column, sources: Sources) -> Value:
    """A column that may be looked at somehow: sealed ones never appear (R05), the unit never as a value (R09)."""
    value = resolve(node, sources)
    if value.unit:
        raise Denied("R09", "the privacy unit is never a value", column=node.name, fix="use count(DISTINCT …)")
    if not value.uses:
        raise Denied("R05", "a sealed column", column=node.name, fix="leave the column out, or ask for a use of it")
    return value
