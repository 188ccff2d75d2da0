"""FROM and JOIN: registered tables and checked subqueries, joined so that every row keeps its privacy unit (R03, R08).

It never reads a source that is not registered, and never multiplies one unit's rows by another table's.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

from sqlglot import exp

from policies.disclosure.columns import EVERY_USE, Controls, Table, folded
from policies.disclosure.dates import COARSENESS
from policies.disclosure.refusals import Denied
from policies.disclosure.relations import Body, Guard, Sources, resolve
from policies.disclosure.values import NUMBERS, Moment, Value
from policies.disclosure.words import Node

JOINS_MAX = 4
# Without a declared bound on the rows of one unit, its totals are bounded as if it had this many.
UNIT_ROWS = 1_000
# The rank of a row among its unit's rows, by chance; written when the table was prepared, never a declared column.
RANK = "_r"
Bodies = Mapping[str, Body]
Pair = tuple[Value, Value]


def registered(controls: Controls) -> dict[str, Body]:
    """Every table of the controls, as a source."""
    exact = controls.mode == "exact"
    return {folded(name): _table(name, table, exact=exact) for name, table in controls.tables.items()}


def _table(name: str, table: Table, *, exact: bool) -> Body:
    unit = folded(table.unit) if table.unit else None
    keys = tuple(frozenset(folded(part) for part in key) for key in table.key)
    unique = unit is not None and frozenset({unit}) in keys
    text, unit_rows_max = f'"{name}"', 1 if unique else table.unit_rows_max or UNIT_ROWS
    if unit is not None and not exact:
        # Whatever the data, no unit has more rows than this: the noise is measured by it, so nothing else may hold it.
        unit_rows_max = 1 if unique else table.unit_rows_kept or unit_rows_max
        text = f"(SELECT * FROM {text} WHERE {RANK} <= {unit_rows_max})"  # noqa: S608 - a declared name, a number
    return Body(
        text=text, columns={folded(one): (one, _column(name, one, table)) for one in table.columns},
        unit=unit, units_of=table.units_of, unit_unique=unique, keys=keys if unit is None else (),
        tables=frozenset({name}), rows_max=table.rows_max,
        unit_rows_max=unit_rows_max, unit_rows_known=unique or table.unit_rows_max is not None, depth=0, plain=True,
    )  # fmt: skip


def _column(table: str, name: str, of: Table) -> Value:
    column = of.columns[name]
    low, high = (None, None) if column.bounds is None else (Fraction(column.bounds[0]), Fraction(column.bounds[1]))
    if column.kind == "int" and low is not None and high is not None:
        low, high = Fraction(-(-low.numerator // low.denominator)), Fraction(high.numerator // high.denominator)
    return Value(
        sql="", kind=column.kind, low=low, high=high, columns=(name,),
        nullable=not (column.not_null or name == of.unit),  # Rows without a unit are not read.
        uses=frozenset(EVERY_USE) if "output" in column.uses else frozenset(column.uses),
        grid=None if column.grid is None else Fraction(column.grid), unit=name == of.unit,
        listed=column.keys or (),
        moment=Moment(f"{table}.{name}", column.grain, "day") if column.kind == "date" else None,
    )  # fmt: skip


def read(select: exp.Select, bodies: Bodies, subquery: Callable[[exp.Subquery], Body]) -> Sources:
    """The FROM clause of one SELECT."""
    source, joins = select.args.get("from_"), select.args.get("joins") or []
    if source is None:
        raise Denied("R03", "a query that reads nothing", fix="read an asset")
    if len(joins) > JOINS_MAX:
        raise Denied("R22", "too many joins", fix=f"at most {JOINS_MAX}")
    name, body = _source(source.this, bodies, subquery)
    sources = _first(name, body)
    for index, join in enumerate(joins, start=1):
        name, body = _source(join.this, bodies, subquery)
        if name in sources.relations:
            raise Denied("R03", "two sources of one name", fix="give each source its own alias")
        sources = _joined(sources, name, body, join, f"t{index}")
    return sources


def _source(node: Node, bodies: Bodies, subquery: Callable[[exp.Subquery], Body]) -> tuple[str, Body]:
    if node.args.get("joins"):
        raise Denied("R08", "a bracketed join", fix="join the tables one after the other")
    alias = folded(node.alias) if node.alias else ""
    if isinstance(node, exp.Subquery):
        return alias or "_", subquery(node)
    if not isinstance(node, exp.Table):
        raise Denied("R08", "a source that is no table", fix="read registered assets")
    body = bodies.get(folded(node.name))
    if body is None:
        raise Denied("R03", "a source that is not an asset", fix="use the name of a licensed asset")
    return alias or folded(node.name), body


def _first(name: str, body: Body) -> Sources:
    columns = body.under("t0", optional=False)
    unit = columns[body.unit] if body.unit else None
    return Sources(
        text=f"{body.text} AS t0", relations={name: columns}, merged=frozenset(), unit=unit, units_of=body.units_of,
        unit_unique=body.unit_unique, keys=_keys(body, columns), guards=(), tables=body.tables,
        rows_max=body.rows_max, unit_rows_max=body.unit_rows_max, unit_rows_known=body.unit_rows_known,
        depth=body.depth,
        conditions=(f"{unit.bare} IS NOT NULL",) if unit and body.plain else (),
    )  # fmt: skip


def _keys(body: Body, columns: Mapping[str, Value]) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(columns[name].bare for name in key) for key in body.keys)


def _joined(left: Sources, name: str, body: Body, join: exp.Join, alias: str) -> Sources:
    side, kind = str(join.args.get("side") or ""), str(join.args.get("kind") or "")
    if side not in ("", "LEFT") or kind not in ("", "INNER", "OUTER") or (kind == "OUTER" and not side):
        raise Denied("R08", "a join that is neither INNER nor LEFT", fix="use JOIN or LEFT JOIN with ON")
    optional = side == "LEFT"
    columns = body.under(alias, optional=optional)
    both = replace(left, relations={**left.relations, name: columns})
    pairs, merged = _equalities(join, left, both, columns)
    on = " AND ".join(sorted(f"{one.bare} = {other.bare}" for one, other in pairs))
    here = replace(
        both, merged=left.merged | merged, tables=left.tables | body.tables, depth=max(left.depth, body.depth),
        text=f"{left.text} {'LEFT JOIN' if optional else 'JOIN'} {body.text} AS {alias} ON {on}",
    )  # fmt: skip
    if optional:
        # Of a whole table nobody may be unmatched; a side the buyer has cut down is also told by being empty.
        loose = body.plain
        met = f"{pairs[0][1].bare} IS NOT NULL"
        guards = (Guard(met, loose), Guard(f"({met}) IS NOT TRUE", loose))
        here = replace(here, guards=left.guards + guards)
    if left.unit is not None and body.unit is not None:
        return _on_the_unit(here, left, body, pairs)
    return _on_a_key(here, left, body, pairs, columns, optional=optional)


def _equalities(
    join: exp.Join, left: Sources, both: Sources, right: Mapping[str, Value]
) -> tuple[list[Pair], frozenset[str]]:
    pairs = []
    if using := join.args.get("using"):
        names = frozenset(folded(one.name) for one in using)
        for one in using:
            column = exp.column(one.name)
            pairs.append((resolve(column, left), resolve(column, replace(left, relations={"": right}))))
        return pairs, names
    for part in _conjuncts(join.args.get("on")):
        sides = (part.this, part.expression) if isinstance(part, exp.EQ) else ()
        if not sides or not all(isinstance(one, exp.Column) for one in sides):
            raise Denied("R08", "a join that is not an equality of two columns", fix="join with ON a.x = b.y")
        one, other = (resolve(side, both) for side in sides)
        mine = {id(value) for value in right.values()}
        if (id(one) in mine) == (id(other) in mine):
            raise Denied("R08", "a join condition within one source", fix="compare a column of each side")
        pairs.append((other, one) if id(one) in mine else (one, other))
    return pairs, frozenset()


def _conjuncts(node: Node | None) -> list[Node]:
    if node is None:
        raise Denied("R08", "a join without keys", fix="join with ON a.x = b.y")
    if isinstance(node, exp.Paren):
        return _conjuncts(node.this)
    if isinstance(node, exp.And):
        return [*_conjuncts(node.this), *_conjuncts(node.expression)]
    return [node]


def _on_the_unit(here: Sources, left: Sources, body: Body, pairs: list[Pair]) -> Sources:
    if left.units_of != body.units_of:
        raise Denied("R08", "a join of two kinds of privacy unit", fix="ask the two assets separately")
    if len(pairs) != 1 or not all(value.unit for value in pairs[0]) or pairs[0][0].nullable:
        raise Denied("R08", "protected tables join on the privacy unit alone", fix="join on the unit of both tables")
    if not (left.unit_unique or body.unit_unique):
        raise Denied("R08", "both sides have many rows a unit", fix="total one side per unit in a subquery first")
    return replace(
        here, unit_unique=left.unit_unique and body.unit_unique, keys=(),
        unit_rows_max=left.unit_rows_max * body.unit_rows_max,
        unit_rows_known=left.unit_rows_known and body.unit_rows_known,
        rows_max=body.rows_max if left.unit_unique and not here.guards else left.rows_max,
    )  # fmt: skip


def _on_a_key(
    here: Sources, left: Sources, body: Body, pairs: list[Pair], right: Mapping[str, Value], *, optional: bool
) -> Sources:
    for value in (value for pair in pairs for value in pair):
        if not value.uses and not value.unit:
            raise Denied("R05", "a sealed column", column=value.column, fix="leave the column out")
        if value.unit or "join" not in value.uses:
            raise Denied("R08", "a column without the use join", column=value.column, fix="ask for the use join")
    for one, other in pairs:
        moment = (one if left.unit is not None else other).moment
        if moment is not None and COARSENESS[moment.part] < COARSENESS[moment.grain]:
            raise Denied("R18", f"a join on single days of a column whose grain is a {moment.grain}",
                         column=one.column, fix="join on other columns")  # fmt: skip
        if one.kind != other.kind and not (one.kind in NUMBERS and other.kind in NUMBERS):
            raise Denied("R15", "a join of two types", column=one.column, fix="join columns of one type")
    names = frozenset(value.bare for _, value in pairs)
    if body.unit is None:
        if not any(key <= names for key in _keys(body, right)):
            raise Denied("R08", "a public table joins on its unique key", column=pairs[0][1].column,
                         fix="join on the public table's key")  # fmt: skip
        return here
    names = frozenset(value.bare for value, _ in pairs)
    if optional or not any(key <= names for key in left.keys):
        raise Denied("R08", "rows without a privacy unit, or a public table not on its key",
                     fix="start from the protected table, and join the public one on its key")  # fmt: skip
    unit = right[body.unit]
    return replace(
        here, unit=unit, units_of=body.units_of, unit_unique=body.unit_unique, keys=(), rows_max=body.rows_max,
        unit_rows_max=body.unit_rows_max, unit_rows_known=body.unit_rows_known,
        conditions=(*left.conditions, f"{unit.bare} IS NOT NULL") if body.plain else left.conditions,
    )  # fmt: skip
