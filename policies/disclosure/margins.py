"""Published margins: along which lines a query's cells add up to a published total, and what is counted there.

A line is the cells that share the margin's keys. This writes the look at each line; what is hidden for it, `secondary`
decides. It reads no data.
"""

from collections.abc import Sequence

from sqlglot import exp

from policies.disclosure.columns import Controls
from policies.disclosure.floor import CHARACTERS_MAX, Aggregate, group_by, same
from policies.disclosure.refusals import Denied
from policies.disclosure.relations import Sources
from policies.disclosure.values import Value

Lines = tuple[tuple[int, ...], ...]
LINES_MAX = 2
_TOLD, _UNITS, _CELLS, _LEFT = '"told cells"', '"units of cells"', '"all cells"', '"left over"'


def published(controls: Controls) -> frozenset[str]:
    """The tables with margins. Beside noise they tell nothing of what was drawn."""
    return frozenset(name for name, table in controls.tables.items() if table.margins and controls.mode == "exact")


def whole(select: exp.Select, tables: frozenset[str], *, outermost: bool) -> None:
    """What is left of a line must be seen: no row may be lost before the outermost WHERE."""
    if tables and select.args.get("joins"):
        raise Denied("R08", "a join of a table whose margins are published", fix="ask that table alone")
    if tables and not outermost and select.args.get("where"):
        raise Denied("R17", "a condition inside a subquery cannot be weighed against published margins",
                     fix="write it in the outermost WHERE")  # fmt: skip


def lines_of(controls: Controls, sources: Sources, keys: Sequence[Value]) -> Lines | None:
    """For each margin the keys, by their place, whose values share a published total; None without a margin.

    A margin by more than the query's keys adds up to one by those it shares; a finer one tells all a coarser one does.
    """
    named = [
        set(one) for table in sorted(published(controls) & sources.tables) for one in controls.tables[table].margins
    ]
    if not named:
        return None
    found = {
        tuple(place for place, key in enumerate(keys) if key.columns and not key.derived and set(key.columns) <= one)
        for one in named
    }
    finest = [one for one in sorted(found) if not any(set(one) < set(other) for other in found)]
    if len(finest) > LINES_MAX:
        raise Denied("R18", "keys that more than two published margins cross", fix="group by fewer keys")
    return tuple(finest)


def looked_along(text: str, aggregate: Aggregate, lines: Lines, kept: str | None) -> str:
    """The query `text` with a row for every cell, empty where none may be told; then its units, then for each line
    how many units are in no told cell: of groups below the floor, and of rows that WHERE left out."""
    names = aggregate.names
    width = [f"m{i}" for i in range(len(aggregate.measures))] + [f"u{i}" for i in range(len(aggregate.checks))]
    width += [f"d{i}" for i in range(len(aggregate.shares))]
    told = [f"{_CELLS}.{name}" for name in names] + [f"{_TOLD}.{name}" for name in width]
    told += [f"{_CELLS}.n", *(f'coalesce("line {i}".l, 0) AS l{i}' for i in range(len(lines)))]
    looks = "".join(f', "line {i}" AS ({_look([names[place] for place in one])})' for i, one in enumerate(lines))
    joins = [f"LEFT JOIN {_TOLD} ON {same(names, _CELLS, _TOLD)}"]
    for i, one in enumerate(lines):
        line = f'"line {i}"'
        joins.append(f"LEFT JOIN {line} ON {same([names[place] for place in one], _CELLS, line)}")
    found = (
        f"WITH {_TOLD} AS MATERIALIZED ({text}), "  # noqa: S608 - checked parts only
        f"{_UNITS} AS MATERIALIZED ({_units(aggregate, kept)}), {_CELLS} AS MATERIALIZED ({_cells(names)}), "
        f"{_LEFT} AS MATERIALIZED (SELECT {_UNITS}.* FROM {_UNITS} LEFT JOIN {_TOLD} ON {same(names, _UNITS, _TOLD)} "
        f"WHERE {_TOLD}.u0 IS NULL OR {_UNITS}.outside){looks} "
        f"SELECT {', '.join(told)} FROM {_CELLS} {' '.join(joins)} WHERE {_CELLS}.n > 0"
    )
    if len(found) > CHARACTERS_MAX:
        raise Denied("R22", "a query too long to be weighed against margins", fix="ask for fewer sums at once")
    return found


def _units(aggregate: Aggregate, kept: str | None) -> str:
    """One row a unit and cell: whether some of its rows are asked for, and whether some are left out."""
    own = set(aggregate.sources.conditions)
    asked = sorted({*(one for one in aggregate.where if one not in own), *([kept] if kept else [])})
    met = " AND ".join(f"(({one}) IS NOT TRUE) = FALSE" for one in asked) or "TRUE"
    rows = ", ".join([*aggregate.key_columns, f"{aggregate.unit} AS unit", f"({met}) AS met"])
    every = f" WHERE {' AND '.join(sorted(own))}" if own else ""
    told = ", ".join([*aggregate.names, "unit", "bool_or(met) AS inside", "bool_or(NOT met) AS outside"])
    inner = f"SELECT {rows} FROM {aggregate.sources.text}{every}"  # noqa: S608 - checked parts only
    return f"SELECT {told} FROM ({inner}) AS r{group_by(len(aggregate.names) + 1)}"  # noqa: S608 - same


def _cells(names: Sequence[str]) -> str:
    told = ", ".join([*names, "count(*) FILTER (WHERE inside) AS n"])
    return f"SELECT {told} FROM {_UNITS}{group_by(len(names))}"  # noqa: S608 - our own names


def _look(names: Sequence[str]) -> str:
    told = ", ".join([*names, "count(DISTINCT unit) AS l"])
    return f"SELECT {told} FROM {_LEFT}{group_by(len(names))}"  # noqa: S608 - our own names
