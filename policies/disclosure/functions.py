"""The listed functions of a row's value, and literals.

Each function says what it does to bounds, and where it is a comparison in disguise it brings the two sides of its
break along, or is refused as an exact aggregate's argument (R16a, R17a).
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import ceil, floor

from sqlglot import exp

from policies.disclosure.dates import Calendar
from policies.disclosure.refusals import Denied
from policies.disclosure.values import (
    NULL,
    NUMBERS,
    Value,
    ValueKind,
    bounded,
    constant,
    day,
    merged,
    numeric,
    stepped,
    text,
    truth,
)  # fmt: skip
from policies.disclosure.words import Node

_DIGITS = re.compile(r"[0-9]{1,9}\Z")
LITERAL_MAX = Decimal(10) ** 12
_PARTS = {"WEEK": (1, 53), "MONTH": (1, 12), "QUARTER": (1, 4), "YEAR": (-9999, 9999)}
_FINE = {"DAY": (1, 31), "DOW": (0, 6), "ISODOW": (1, 7), "DOY": (1, 366)}
_UNITS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
_WHOLE = {"INT", "BIGINT", "SMALLINT"}
_REAL = {"DOUBLE", "FLOAT"}
CASTS = frozenset({*_WHOLE, *_REAL, "DATE", "VARCHAR", "TEXT"})
PARTS = frozenset({*_UNITS, *_PARTS, *_FINE})


def literal(node: Node) -> Value | None:
    """The literal this node is, or None."""
    if isinstance(node, exp.Paren):
        return literal(node.this)
    if isinstance(node, exp.Literal):
        return text(str(node.this)) if node.is_string else constant(_number(str(node.this)))
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
        return constant(-_number(str(node.this.this)))
    if isinstance(node, exp.Boolean):
        return truth(bool(node.this))
    if isinstance(node, exp.Null):
        return NULL
    if (
        isinstance(node, exp.Cast)
        and isinstance(node.this, exp.Literal)
        and node.this.is_string
        and _type(node) == "DATE"
    ):
        return a_day(str(node.this.this))
    return None


def counts_rows(node: exp.Count) -> bool:
    """count(*), count() and count(1) are one and the same."""
    known = None if node.this is None else literal(node.this)
    return node.this is None or isinstance(node.this, exp.Star) or (known is not None and known.kind != "null")


def whole_number(node: Node) -> int | None:
    """The ordinal or limit this literal is, or None."""
    if isinstance(node, exp.Literal) and not node.is_string and _DIGITS.match(str(node.this)):
        return int(node.this)
    return None


def a_day(words: str) -> Value:
    """A date as a literal, far enough from the ends of the calendar to be counted with."""
    try:
        when = date.fromisoformat(words)
    except ValueError:
        when = date.min
    if not 1000 <= when.year <= 9000:
        raise Denied("R15", "a date that is none", fix="write DATE 'YYYY-MM-DD'")
    return day(when)


def _number(words: str) -> Fraction:
    try:
        number = Decimal(words)
    except InvalidOperation:
        raise Denied("R02", "a number that is not decimal", fix="write the number in decimal digits") from None
    digits = number.as_tuple()
    if number and (number.adjusted() > 15 or abs(number) >= LITERAL_MAX):
        raise Denied("R21", "a literal of 1e12 or more", fix="use smaller numbers")
    if len(digits.digits) > 24 or not isinstance(digits.exponent, int) or digits.exponent < -12:
        raise Denied("R21", "a literal with too many digits", fix="use fewer digits")
    return Fraction(number)


def _type(node: exp.Cast) -> str:
    to = node.args["to"]
    return str(getattr(to.this, "value", to.this)).upper()


def cast_to(node: exp.Cast, value: Value) -> Value:
    """A cast that cannot fail on any row."""
    target = _type(node)
    if value.kind == "date" and target == "DATE":
        return value
    if value.kind == "text" and target in ("VARCHAR", "TEXT"):
        return value
    if value.kind in NUMBERS and target in _REAL:
        _ = value.widest
        return replace(value, sql=f"CAST({value.sql} AS DOUBLE)", bare="", kind="number", literal=None)
    if value.kind == "int" and target in _WHOLE and value.widest < 2**15:
        return value
    if value.kind in NUMBERS and target in ("INT", "BIGINT"):
        return _to_whole(f"round({value.sql})", value) if value.kind != "int" else value
    raise Denied("R15", "a cast that can fail on some rows", column=value.column, fix="use the column as it is")


def arguments(node: Node) -> list[Node]:
    """The parts of a listed function that are values."""
    if isinstance(node, exp.Coalesce | exp.Least | exp.Greatest):
        return [node.this, *node.expressions]
    if isinstance(node, exp.Nullif):
        return [node.this, node.expression]
    if isinstance(node, exp.Extract):
        return [node.expression]
    if isinstance(node, exp.Round | exp.Floor | exp.Ceil | exp.Abs | exp.TimestampTrunc | exp.DateTrunc):
        return [node.this]
    if isinstance(node, exp.Year | exp.Quarter | exp.Month):
        return [node.this]
    raise Denied("R02", "a form that is not on the list", fix="use the listed functions only")


def called(node: Node, values: Sequence[Value], calendar: Calendar) -> Value:
    """The value of a listed function."""
    first = values[0]
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc | exp.Extract | exp.Year | exp.Quarter | exp.Month):
        return _part(node, first, calendar)
    if isinstance(node, exp.Coalesce):
        return _coalesce(values)
    numeric(*values)
    if isinstance(node, exp.Least | exp.Greatest):
        return _clip(node, values)
    if isinstance(node, exp.Nullif):
        value = merged(f"nullif({first.sql}, {values[1].sql})", first.kind, values)
        return replace(value, low=first.low, high=first.high, nullable=True, refused="R16")
    if isinstance(node, exp.Abs):
        sides = (f"{first.sql} < 0", f"({first.sql} < 0) IS NOT TRUE")
        value = merged(f"abs({first.sql})", first.kind, values)
        return stepped(replace(bounded(value, Fraction(0), first.widest), sides=(*value.sides, *sides)), "R16")
    name = "floor" if isinstance(node, exp.Floor) else "ceil" if isinstance(node, exp.Ceil) else "round"
    digits = node.args.get("decimals")
    if digits is None:
        return _to_whole(f"{name}({first.sql})", first)
    return _rounded(first, digits)


def _to_whole(sql: str, value: Value) -> Value:
    low, high = Fraction(floor(value.low or 0)), Fraction(ceil(value.high or 0))
    return replace(bounded(merged(f"CAST({sql} AS BIGINT)", "int", (value,)), low, high), refused="R16")


def _rounded(value: Value, digits: Node) -> Value:
    places = literal(digits)
    if places is None or not isinstance(places.literal, Fraction) or places.literal not in range(7):
        raise Denied("R02", "round to other than 0 to 6 digits", fix="use round(x, 2)")
    found = merged(f"round({value.sql}, {places.sql})", value.kind, (value,))
    return replace(bounded(found, Fraction(floor(value.low or 0)), Fraction(ceil(value.high or 0))), refused="R16")


def _clip(node: Node, values: Sequence[Value]) -> Value:
    """least or greatest: with one column and one literal its break is known, else it is refused."""
    low = isinstance(node, exp.Least)
    kind: ValueKind = "int" if all(value.kind == "int" for value in values) else "number"
    lows, highs = ([bound for bound in ends if bound is not None] for ends in
                   ([one.low for one in values], [one.high for one in values]))  # fmt: skip
    pick = min if low else max
    # The engine's least and greatest skip NULLs, which would turn a NULL into the literal: keep it NULL.
    sql = f"{'least' if low else 'greatest'}({', '.join(sorted(value.sql for value in values))})"
    nulls = sorted({one for value in values for one in value.nulls})
    found = merged(f"CASE WHEN {' OR '.join(nulls)} THEN NULL ELSE {sql} END" if nulls else sql, kind, values)
    found = bounded(found, pick(lows), pick(highs))
    moving = [value for value in values if value.literal is None]
    if len(moving) != 1 or len(values) != 2:
        return replace(found, refused=found.refused or "R16")
    fixed = next((value for value in values if value.literal is not None), values[1])
    side = f"{moving[0].sql} < {fixed.sql}"
    return stepped(replace(found, sides=(*found.sides, side, f"{moving[0].sql} >= {fixed.sql}")), "R16")


def _coalesce(values: Sequence[Value]) -> Value:
    """coalesce is a FILTER on NULL: both sides are size-checked (R17a)."""
    first, kinds = values[0], {"number" if value.kind in NUMBERS else value.kind for value in values}
    if len(values) != 2 or len(kinds) != 1 or kinds == {"date"} or values[1].literal is None:
        raise Denied("R15", "coalesce of other than one value and one literal of its type", column=first.column,
                     fix="use coalesce(column, literal)")  # fmt: skip
    kind = first.kind if first.kind == values[1].kind else "number"
    found = merged(f"coalesce({first.sql}, {values[1].sql})", kind, values)
    if kind in NUMBERS:
        numeric(*values)
        ends = [bound for value in values for bound in (value.low, value.high) if bound is not None]
        found = bounded(found, min(ends), max(ends))
    missing = " OR ".join(first.nulls)
    sides = (f"({missing})", f"({missing}) IS NOT TRUE") if missing else ()
    return stepped(replace(found, nullable=False, nulls=(), sides=(*found.sides, *sides)), "R17")


def _part(node: Node, value: Value, calendar: Calendar) -> Value:
    """date_trunc and date parts, no finer than the column's grain (R18a)."""
    trunc = isinstance(node, exp.TimestampTrunc | exp.DateTrunc)
    source = node.args.get("unit") if trunc else node.this if isinstance(node, exp.Extract) else None
    unit = str(source.this if isinstance(source, exp.Var | exp.Literal) else type(node).__name__).upper()
    unit = {"DAYOFWEEK": "DOW", "DAYOFYEAR": "DOY"}.get(unit, unit)
    if value.kind != "date" or value.moment is None:
        raise Denied("R15", "a date part of something that is no date", column=value.column, fix="use a date column")
    bounds = None if trunc else {**_PARTS, **_FINE}.get(unit)
    if unit not in _UNITS and bounds is None:
        raise Denied("R18", "a date part that is too fine", column=value.column, fix="use week, month or year")
    moment = replace(value.moment, part="day" if unit in _FINE else unit.lower())
    calendar.show(moment)
    if trunc:
        found = merged(f"CAST(date_trunc('{unit.lower()}', {value.sql}) AS DATE)", "date", (value,))
        return replace(found, moment=moment)
    if bounds is None:
        raise Denied("R18", "a date part that is too fine", column=value.column, fix="use week, month or year")
    found = merged(f"CAST(extract({unit.lower()} FROM {value.sql}) AS BIGINT)", "int", (value,))
    return replace(bounded(found, Fraction(bounds[0]), Fraction(bounds[1])), refused="R16")
