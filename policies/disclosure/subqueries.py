"""Subqueries and CTEs: relations of the query's own, each row still belonging to one privacy unit (R07, R13).

Over public tables alone a subquery is a public relation. Nothing here decides what is released.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from sqlglot import exp

from policies.disclosure.columns import Controls, folded
from policies.disclosure.conditions import Condition
from policies.disclosure.dates import Calendar
from policies.disclosure.expressions import AGGREGATES, ARITHMETIC, condition, value
from policies.disclosure.functions import counts_rows, whole_number
from policies.disclosure.margins import published, whole
from policies.disclosure.refusals import Denied
from policies.disclosure.relations import Body, Scope, Sources, resolve
from policies.disclosure.sources import Bodies, read, registered
from policies.disclosure.values import Value, arithmetic, bounded, merged, numeric
from policies.disclosure.words import Node

DEPTH_MAX = 3
GROUPS_MAX = 4


@dataclass(frozen=True, slots=True)
class Reader:
    """What one query reads with: the registered tables, its mode and its calendar."""

    exact: bool
    calendar: Calendar
    assets: Bodies
    margins: frozenset[str]

    @classmethod
    def of(cls, controls: Controls) -> "Reader":
        return cls(controls.mode == "exact", Calendar(), registered(controls), published(controls))

    def sources(self, select: exp.Select, bodies: Bodies, *, outermost: bool = False) -> Sources:
        """The FROM clause of a SELECT, its own CTEs known."""
        known = self._with_ctes(select, bodies)
        sources = read(select, known, lambda node: self._subquery(node, known))
        whole(select, sources.tables & self.margins, outermost=outermost)
        return sources

    def _with_ctes(self, select: exp.Select, bodies: Bodies) -> Bodies:
        known = dict(bodies)
        clause = select.args.get("with_")
        for cte in clause.expressions if clause else ():
            name = folded(cte.alias)
            if name in known:
                raise Denied("R03", "a CTE with the name of an asset or of another CTE", fix="use another name")
            body = self._body(cte.this, known)
            if name in body.columns:
                raise Denied("R03", "a CTE with the name of one of its columns", fix="use another name")
            known[name] = body
        return known

    def _subquery(self, node: exp.Subquery, bodies: Bodies) -> Body:
        inner = node.this
        return self._subquery(inner, bodies) if isinstance(inner, exp.Subquery) else self._body(inner, bodies)

    def _body(self, node: Node, bodies: Bodies) -> Body:
        if not isinstance(node, exp.Select):
            raise Denied("R02", "a subquery that is no SELECT", fix="write a SELECT")
        for clause, rule in (("order", "R11"), ("limit", "R11"), ("offset", "R11"), ("having", "R10")):
            if node.args.get(clause):
                raise Denied(rule, "a subquery that picks rows", fix="order and cut the released rows, outermost")
        sources = self.sources(node, bodies)
        if sources.depth + 1 > DEPTH_MAX:
            raise Denied("R13", "too many levels of subqueries", fix=f"at most {DEPTH_MAX}")
        if self.exact and sources.guards:
            raise Denied("R17", "an optional side inside a subquery cannot be size-checked",
                         fix="use LEFT JOIN in the outermost query")  # fmt: skip
        return self._selected(node, sources)

    def _selected(self, node: exp.Select, sources: Sources) -> Body:
        scope = Scope(sources, self.exact, False, self.calendar)
        where = [Condition(one) for one in sources.conditions]
        if (clause := node.args.get("where")) is not None:
            where.append(condition(clause.this, scope))
        if self.exact and any(one.nulls for one in where):
            raise Denied("R17", "a NULL test inside a subquery cannot be size-checked", fix="test it outermost")
        keys = _group(node, scope)
        items = _items(node, scope, keys)
        selected = ", ".join(f"{one.sql} AS c{index}" for index, one in enumerate(items.values()))
        tail = f" WHERE {' AND '.join(sorted({one.sql for one in where}))}" if where else ""
        if keys is not None:
            tail += f" GROUP BY {', '.join(sorted({key.sql for key in keys}))}"
        text = "(SELECT " + selected + f" FROM {sources.text}{tail})"  # noqa: S608 - checked parts only
        return _body_of(text, items, sources, keys)


def _body_of(text: str, items: Mapping[str, Value], sources: Sources, keys: list[Value] | None) -> Body:
    units = [name for name, one in items.items() if one.unit and not one.nullable]
    if sources.unit is not None and not units:
        raise Denied("R07", "a subquery that loses the privacy unit", column=sources.unit.column,
                     fix="select the unit in the subquery and group by it")  # fmt: skip
    by_sql = {one.sql: name for name, one in items.items()}
    known = [frozenset(key.sql for key in keys)] if keys is not None else list(sources.keys)
    unique = sources.unit_unique or (keys is not None and all(key.unit for key in keys))
    return Body(
        text=text, columns={name: (f"c{index}", one) for index, (name, one) in enumerate(items.items())},
        unit=units[0] if sources.unit is not None else None, units_of=sources.units_of, unit_unique=unique,
        keys=tuple(frozenset(by_sql[one] for one in key) for key in known if key <= set(by_sql)),
        tables=sources.tables, rows_max=sources.rows_max,
        unit_rows_max=1 if unique else sources.unit_rows_max, unit_rows_known=unique or sources.unit_rows_known,
        depth=sources.depth + 1, plain=False,
    )  # fmt: skip


def _group(node: exp.Select, scope: Scope) -> list[Value] | None:
    """The keys of an inner GROUP BY: the unit, and groupable columns beside it."""
    clause = node.args.get("group")
    if clause is None:
        if any(one.find(*AGGREGATES) for one in node.expressions):
            raise Denied("R07", "a subquery that adds up over units", fix="group the subquery by the unit")
        return None
    if clause.args.get("all") or len(clause.expressions) > GROUPS_MAX:
        raise Denied("R22", "an inner GROUP BY ALL, or too many keys", fix=f"name at most {GROUPS_MAX} keys")
    keys = [_key(one, node, scope) for one in clause.expressions]
    if scope.sources.unit is not None and not any(key.unit and not key.nullable for key in keys):
        raise Denied("R07", "an inner group that loses the privacy unit", fix="group the subquery by the unit")
    return keys


def _key(node: Node, select: exp.Select, scope: Scope) -> Value:
    if (index := whole_number(node)) is not None:
        if not 1 <= index <= len(select.expressions):
            raise Denied("R18", "a key that is no output", fix="name the key")
        return _key(select.expressions[index - 1].unalias(), select, scope)
    if isinstance(node, exp.Column) and (unit := resolve(node, scope.sources)).unit:
        return unit
    return groupable(value(node, scope), scope)


def groupable(key: Value, scope: Scope) -> Value:
    """R18: what may be a key."""
    if key.literal is not None or key.kind == "null":
        raise Denied("R18", "a constant key", fix="leave the key out")
    if "group" not in key.uses:
        raise Denied("R18", "a key without the use group", column=key.column, fix="ask for the use group")
    if key.moment is not None:
        scope.calendar.show(key.moment)
    return key


def _items(node: exp.Select, scope: Scope, keys: list[Value] | None) -> dict[str, Value]:
    items: dict[str, Value] = {}
    for item in node.expressions:
        bare = item.unalias()
        if isinstance(bare, exp.Star):
            raise Denied("R04", "a star outside count(*)", fix="name the columns")
        name = folded(item.alias or (bare.name if isinstance(bare, exp.Column) else ""))
        if not name or name in items:
            raise Denied("R04", "columns of a subquery have distinct names", fix="give each column its own alias")
        items[name] = _item(bare, scope, keys)
    return items


def _item(node: Node, scope: Scope, keys: list[Value] | None) -> Value:
    if isinstance(node, exp.Column) and (unit := resolve(node, scope.sources)).unit:
        found = unit
    elif keys is not None and node.find(*AGGREGATES) is not None:
        return _over_group(node, scope, keys)
    else:
        found = value(node, scope)
    if keys is not None and found.sql not in {key.sql for key in keys} and found.literal is None:
        raise Denied("R07", "a row value beside a group", column=found.column, fix="group by it, or add it up")
    if found.literal is not None or found.kind == "null":
        raise Denied("R05", "a constant as a column", fix="leave the column out")
    # Outside this subquery its breaks can no longer be size-checked.
    hidden = "R17" if found.sides and "coalesce" in found.sql else "R16"
    return replace(found, sides=(), refused=found.refused or (hidden if found.sides else None))


def _over_group(node: Node, scope: Scope, keys: list[Value]) -> Value:
    """Arithmetic over one unit's aggregates: a quotient of two of them is as much its own value as their mean."""
    if isinstance(node, exp.Paren):
        return _over_group(node.this, scope, keys)
    if isinstance(node, AGGREGATES):
        return per_unit(node, scope)
    if type(node) in ARITHMETIC:
        left, right = (_over_group(part, scope, keys) for part in (node.this, node.expression))
        return replace(arithmetic(ARITHMETIC[type(node)], left, right), refused=left.refused or right.refused)
    found = value(node, scope)
    if found.literal is None and found.sql not in {key.sql for key in keys}:
        raise Denied("R07", "a row value beside a group", column=found.column, fix="group by it, or add it up")
    return found


def per_unit(node: Node, scope: Scope) -> Value:
    """An aggregate over one group inside one unit's rows: still that unit's own value (R07)."""
    if isinstance(node, exp.Filter):
        raise Denied("R17", "a FILTER inside a subquery hides its condition", fix="filter in WHERE, or outermost")
    rows = Fraction(scope.sources.unit_rows_max)
    arg = node.this
    if isinstance(node, exp.Count) and counts_rows(node):
        return _derived(Value(sql="count(*)", kind="int", low=Fraction(1), high=rows), scope)
    distinct = isinstance(arg, exp.Distinct)
    inner = value(arg.expressions[0] if isinstance(arg, exp.Distinct) and len(arg.expressions) == 1 else arg, scope)
    if "aggregate" not in inner.uses and not (distinct and {"group", "filter"} & inner.uses):
        raise Denied("R05", "a column without the use aggregate", column=inner.column, fix="ask for the use aggregate")
    if isinstance(node, exp.Count):
        found = merged(f"count({'DISTINCT ' if distinct else ''}{inner.sql})", "int", (inner,))
        # How many there are is no longer what they are: a count may be a key and may be added up.
        uses = found.uses | {"group", "aggregate"}
        return _derived(replace(bounded(found, Fraction(0), rows), nullable=False, nulls=(), uses=uses), scope)
    if distinct:
        raise Denied("R06", "a sum of distinct values", column=inner.column, fix="use the plain aggregate")
    numeric(inner)
    low, high = inner.low or Fraction(0), inner.high or Fraction(0)
    if isinstance(node, exp.Sum):
        low, high = min(low, low * rows), max(high, high * rows)
    name = type(node).__name__.lower()
    kind = "number" if isinstance(node, exp.Avg) else inner.kind
    sql = f"{name}({inner.sql})" if kind == "int" else f"CAST({name}({inner.sql}) AS DOUBLE)"
    return _derived(bounded(merged(sql, kind, (inner,)), low, high), scope)


def _derived(found: Value, scope: Scope) -> Value:
    uses = found.uses - {"filter", "join"} if scope.exact else found.uses - {"join"}
    return replace(found, uses=uses, derived=True, bare="", unit=False,
                   refused=found.refused or ("R16" if found.sides else None), sides=())  # fmt: skip
