"""Values and conditions of a row, read from listed nodes and written afresh.

A condition compares one filterable value with literals (R09); a value never hides a condition that is not
size-checked (R16, R17). Nothing of the buyer's text is copied but literals, which are read and written again.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from sqlglot import exp

from policies.disclosure.conditions import (
    LIST_MAX,
    Condition,
    compared,
    conjunction,
    disjunction,
    filterable,
    is_null,
    listed_in,
)  # fmt: skip
from policies.disclosure.functions import arguments, called, cast_to, literal
from policies.disclosure.refusals import Denied
from policies.disclosure.relations import Scope, opened
from policies.disclosure.values import NULL, NUMBERS, Value, ValueKind, arithmetic, constant, merged, truth
from policies.disclosure.words import Node

ARITHMETIC: dict[type[Node], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
COMPARED: dict[type[Node], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
_FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_NEGATED = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_CONDITIONS = (*COMPARED, exp.And, exp.Or, exp.Not, exp.In, exp.Between, exp.Is)
AGGREGATES = (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Filter)


def value(node: Node, scope: Scope) -> Value:
    """The checked value of one expression over a row."""
    if isinstance(node, exp.Paren):
        return value(node.this, scope)
    if (known := literal(node)) is not None:
        return known
    if isinstance(node, exp.Column):
        return opened(node, scope.sources)
    if type(node) in ARITHMETIC:
        if isinstance(node.expression, exp.Interval) or isinstance(node.this, exp.Interval):
            raise Denied("R18", "a shifted date cuts out days", fix="use the date as it is")
        return arithmetic(ARITHMETIC[type(node)], value(node.this, scope), value(node.expression, scope))
    if isinstance(node, exp.Neg):
        return arithmetic("*", value(node.this, scope), constant(Fraction(-1)))
    if isinstance(node, exp.Cast):
        return cast_to(node, value(node.this, scope))
    if isinstance(node, exp.Case):
        if node.this is not None:
            raise Denied("R09", "a simple CASE", fix="write the condition: CASE WHEN column = value THEN …")
        return _arms([(arm.this, arm.args["true"]) for arm in node.args["ifs"]], node.args.get("default"), scope)
    if isinstance(node, exp.If):
        return _arms([(node.this, node.args["true"])], node.args.get("false"), scope)
    _refuse_misplaced(node)
    return called(node, [value(one, scope) for one in arguments(node)], scope.calendar)


def _refuse_misplaced(node: Node) -> None:
    if isinstance(node, exp.Subquery | exp.Select):
        raise Denied("R13", "a query inside an expression", fix="join the tables, or ask twice")
    if isinstance(node, _CONDITIONS):
        raise Denied("R16", "a condition used as a value", fix="use FILTER (WHERE …)")
    if isinstance(node, AGGREGATES):
        raise Denied("R06", "an aggregate where a row's value belongs", fix="aggregate in the outermost query")
    if isinstance(node, exp.Star):
        raise Denied("R04", "a star outside count(*)", fix="name the columns")


def _arms(whens: Sequence[tuple[Node, Node]], default: Node | None, scope: Scope) -> Value:
    """CASE: each arm is a part of the rows, and each part is size-checked (R16)."""
    if not scope.outermost:
        raise Denied("R16", "a CASE inside a subquery hides its condition from the size check",
                     fix="move the CASE to the outermost query")  # fmt: skip
    arms, earlier = [], list[str]()
    for when, then in whens:
        met = condition(when, scope)
        arms.append((_all([*earlier, met.sql]), value(then, scope), met.nulls))
        earlier.append(f"({met.sql}) IS NOT TRUE")
    arms.append((_all(earlier), NULL if default is None else value(default, scope), ()))
    results = [result for _, result, _ in arms if result.kind != "null"]
    kinds = {"number" if result.kind in NUMBERS else result.kind for result in results}
    if len(kinds) != 1 or any(result.kind == "date" for result in results):
        raise Denied("R15", "branches of two types", fix="give every branch the same type")
    whole: ValueKind = results[0].kind if all(one.kind == results[0].kind for one in results) else "number"
    sql = "CASE " + " ".join(f"WHEN {c} THEN {v.sql}" for c, v, _ in arms[:-1]) + f" ELSE {arms[-1][1].sql} END"
    joined = merged(sql, whole, (result for _, result, _ in arms))
    return replace(
        joined, low=min((one.low for one in results if one.low is not None), default=None),
        high=max((one.high for one in results if one.high is not None), default=None),
        sides=tuple(dict.fromkeys(side for c, v, nulls in arms for side in _sides(c, v, nulls))),
        nulls=tuple(dict.fromkeys(_all([c, one]) for c, v, _ in arms for one in v.nulls)),
    )  # fmt: skip


def _sides(met: str, result: Value, nulls: tuple[str, ...]) -> list[str]:
    """The arm itself, what its result wants checked within it, and both sides of a NULL test in its condition."""
    within = [_all([met, side]) for side in result.sides]
    present = [_all([met, f"({one}) IS NOT TRUE"]) for one in result.nulls]
    return [met, *within, *present, *nulls, *(f"({one}) IS NOT TRUE" for one in nulls)]


def _all(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else "(" + " AND ".join(texts) + ")"


def condition(node: Node, scope: Scope, *, negated: bool = False) -> Condition:
    """The checked condition, with NOT pushed down to the comparisons: the three truth values allow it."""
    if isinstance(node, exp.Paren):
        return condition(node.this, scope, negated=negated)
    if isinstance(node, exp.Not):
        return condition(node.this, scope, negated=not negated)
    if isinstance(node, exp.And | exp.Or):
        join = conjunction if isinstance(node, exp.And) != negated else disjunction
        return join(condition(part, scope, negated=negated) for part in (node.this, node.expression))
    if type(node) in COMPARED:
        return _comparison(node, scope, negated)
    if isinstance(node, exp.In):
        if node.args.get("query") is not None:
            raise Denied("R13", "a query inside a condition", fix="join the tables")
        subject, items = _subject(node.this, scope), [_literal_side(one, scope) for one in node.expressions]
        if len(items) > LIST_MAX or not items:
            raise Denied("R22", "a list that is too long", column=subject.column, fix=f"at most {LIST_MAX} items")
        return listed_in(subject, items, scope.calendar, negated=negated)
    if isinstance(node, exp.Between):
        return _between(node, scope, negated)
    if isinstance(node, exp.Is):
        return _is(node, scope, negated)
    subject = _subject(node, scope)
    if subject.kind != "bool":
        raise Denied("R15", "a condition that is neither true nor false", column=subject.column, fix="compare it")
    return compared("<>" if negated else "=", subject, truth(True), scope.calendar)


def _subject(node: Node, scope: Scope) -> Value:
    if node.find(exp.Case, exp.If) is not None:
        raise Denied("R16", "a CASE inside a condition", fix="write the condition itself")
    subject = value(node, scope)
    filterable(subject, scope.exact)
    return subject


def _literal_side(node: Node, scope: Scope) -> Value:
    if isinstance(node, exp.Subquery | exp.Select):
        raise Denied("R09", "a query as the bound of a condition", fix="compare with a literal")
    known = value(node, scope)
    if known.literal is None:
        raise Denied("R09", "a condition between columns", column=known.column, fix="compare one column with literals")
    return known


def _comparison(node: Node, scope: Scope, negated: bool) -> Condition:
    op, left, right = COMPARED[type(node)], node.this, node.expression
    if literal(left) is not None and literal(right) is None:
        op, left, right = _FLIPPED[op], right, left
    subject = _subject(left, scope)
    return compared(_NEGATED[op] if negated else op, subject, _literal_side(right, scope), scope.calendar)


def _between(node: exp.Between, scope: Scope, negated: bool) -> Condition:
    subject = _subject(node.this, scope)
    low, high = (_literal_side(node.args[end], scope) for end in ("low", "high"))
    if negated:
        ends = (compared("<", subject, low, scope.calendar), compared(">", subject, high, scope.calendar))
        return disjunction(ends)
    return conjunction((compared(">=", subject, low, scope.calendar), compared("<=", subject, high, scope.calendar)))


def _is(node: exp.Is, scope: Scope, negated: bool) -> Condition:
    subject = _subject(node.this, scope)
    if isinstance(node.expression, exp.Null):
        return is_null(subject, negated=negated)
    known = literal(node.expression)
    if known is None or not isinstance(known.literal, bool) or subject.kind != "bool":
        raise Denied("R02", "an IS that is not IS NULL", fix="use IS NULL or a comparison")
    # IS TRUE differs from = TRUE on NULL only by being known; both keep and drop the same rows.
    if negated:
        return disjunction((compared("<>", subject, known, scope.calendar), is_null(subject, negated=False)))
    return compared("=", subject, known, scope.calendar)
