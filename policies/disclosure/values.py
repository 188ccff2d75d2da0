"""Row expressions: each carries its SQL, its uses, its bounds, and what must be size-checked before it counts.

Uses of a combination are the intersection of its parts' uses; bounds come from interval arithmetic. Nothing here
reads the query: these are the algebra's elements and its operations.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction
from typing import Literal

from policies.disclosure.columns import EVERY_USE
from policies.disclosure.refusals import Denied

ValueKind = Literal["int", "number", "text", "date", "bool", "null"]
NUMBERS = ("int", "number")
BOUND_MAX = Fraction(10) ** 15


@dataclass(frozen=True, slots=True)
class Moment:
    """Which date column a value is of, and the part of it that shows."""

    column: str
    grain: str
    part: str


@dataclass(frozen=True, slots=True)
class Value:
    """One checked expression over a row."""

    sql: str
    kind: ValueKind
    bare: str = ""  # A column as it is stored; `sql` is the same, clamped to its bounds.
    uses: frozenset[str] = EVERY_USE
    low: Fraction | None = None
    high: Fraction | None = None
    grid: Fraction | None = None
    nullable: bool = False
    literal: Fraction | str | date | bool | None = None
    columns: tuple[str, ...] = ()
    refused: str | None = None  # The rule against this as an exact aggregate's argument: a comparison in disguise.
    sides: tuple[str, ...] = ()  # Conditions that at least k units must meet.
    nulls: tuple[str, ...] = ()  # Conditions that nobody or at least k units must meet.
    unit: bool = False
    derived: bool = False  # An aggregate over one unit's rows.
    cores: tuple[str, ...] = ()  # The columns in it, each as a whole number not below 0: who holds most of them?
    mixed: bool = False  # Something was added to a column, so that its own shares no longer show.
    buried: bool = False  # A mixture that was made inside a subquery: its columns cannot be read here.
    moment: Moment | None = None
    listed: tuple[bool | int | str, ...] = ()  # All values it may have, if its provider declared them.

    @property
    def column(self) -> str | None:
        return self.columns[0] if self.columns else None

    @property
    def widest(self) -> Fraction:
        if self.low is None or self.high is None:
            raise Denied("R21", "a number without declared bounds", fix="ask for bounds", column=self.column)
        return max(abs(self.low), abs(self.high))


NULL = Value(sql="NULL", kind="null", nullable=True)


def written(number: Fraction) -> str:
    """A number as SQL: integers as they are, the rest as the nearest double."""
    if number.denominator == 1:
        return str(number.numerator)
    exact = Context(prec=30).divide(Decimal(number.numerator), Decimal(number.denominator))
    return f"CAST('{exact:f}' AS DOUBLE)"


def constant(number: Fraction) -> Value:
    kind: ValueKind = "int" if number.denominator == 1 else "number"
    return Value(sql=written(number), kind=kind, low=number, high=number, literal=number)


def text(words: str) -> Value:
    return Value(sql="'" + words.replace("'", "''") + "'", kind="text", literal=words)


def day(when: date) -> Value:
    return Value(sql=f"DATE '{when.isoformat()}'", kind="date", literal=when)


def truth(known: bool) -> Value:
    return Value(sql="TRUE" if known else "FALSE", kind="bool", literal=known)


def stored(value: Value, bare: str, *, clamped: bool, optional: bool) -> Value:
    """A column of a source, under the alias it has here. Clamped where it is read, so nothing later can overflow."""
    nullable = value.nullable or optional
    sql = _clamp(value, bare) if clamped else bare
    return replace(
        value, sql=sql, bare=bare, nullable=nullable, nulls=(f"{bare} IS NULL",) if nullable else (),
        cores=absolute(replace(value, sql=sql)), mixed=False, buried=value.buried or value.mixed,
    )  # fmt: skip


def absolute(value: Value) -> tuple[str, ...]:
    """A number of known bounds as a whole number not below 0, fine enough to compare shares; nothing for the rest."""
    if value.kind not in NUMBERS or value.low is None or value.high is None:
        return ()
    digits = next((digits for digits in range(12) if value.widest * 10**digits >= 10**6), 12)
    whole = value.sql if value.kind == "int" else f"CAST(round({value.sql} * {10**digits}) AS BIGINT)"
    return (whole if value.low >= 0 else f"abs({whole})",)


def _clamp(value: Value, bare: str) -> str:
    if value.kind == "date":
        return f"CAST({bare} AS DATE)"
    if value.kind not in NUMBERS or value.low is None or value.high is None:
        return bare
    cast = "BIGINT" if value.kind == "int" else "DOUBLE"
    low, high = (f"CAST({written(end)} AS {cast})" for end in (value.low, value.high))
    # A NULL stays NULL: both comparisons are unknown. NaN is above every number, so it becomes the upper bound.
    return f"CASE WHEN {bare} < {low} THEN {low} WHEN {bare} > {high} THEN {high} ELSE CAST({bare} AS {cast}) END"


def numeric(*values: Value) -> None:
    for value in values:
        if value.kind not in NUMBERS:
            raise Denied("R15", "arithmetic on something that is no number", column=value.column,
                         fix="use numeric columns and numbers")  # fmt: skip
        _ = value.widest


def merged(sql: str, kind: ValueKind, parts: Iterable[Value]) -> Value:
    """What a combination takes over from its parts, whatever the operation."""
    parts = tuple(parts)
    uses = frozenset.intersection(*(part.uses for part in parts))
    return Value(
        sql=sql, kind=kind, uses=uses, nullable=any(part.nullable for part in parts),
        columns=_distinct(name for part in parts for name in part.columns),
        refused=next((part.refused for part in parts if part.refused), None),
        sides=_distinct(one for part in parts for one in part.sides),
        nulls=_distinct(one for part in parts for one in part.nulls),
        derived=any(part.derived for part in parts), unit=any(part.unit for part in parts),
        cores=_distinct(core for part in parts for core in part.cores), buried=any(part.buried for part in parts),
        mixed=len(parts) > 1 or any(part.mixed for part in parts),
    )  # fmt: skip


def bounded(value: Value, low: Fraction, high: Fraction) -> Value:
    if max(abs(low), abs(high)) > BOUND_MAX:
        raise Denied("R21", "arithmetic that could pass 1e15", fix="use smaller factors", column=value.column)
    return replace(value, low=low, high=high)


def arithmetic(op: str, left: Value, right: Value) -> Value:
    """left op right, for + - * and /."""
    numeric(left, right)
    low, high = _interval(op, left, right)
    if isinstance(left.literal, Fraction) and isinstance(right.literal, Fraction):
        return constant(bounded(left, low, high).low or Fraction(0))
    kind: ValueKind = "int" if op != "/" and left.kind == right.kind == "int" else "number"
    first, second = sorted((left.sql, right.sql)) if op in "+*" else (left.sql, right.sql)
    value = bounded(merged(f"({first} {op} {second})", kind, (left, right)), low, high)
    # A factor leaves shares as they are; only what is added dilutes them.
    value = replace(value, mixed=op in "+-" or left.mixed or right.mixed)
    affine = op in "+-" or right.literal is not None or (op == "*" and left.literal is not None)
    return value if affine else stepped(value, "R16")


def stepped(value: Value, rule: str) -> Value:
    """Not a column or an affine combination: every column in it must also be filterable (R16a)."""
    return value if "filter" in value.uses or value.refused else replace(value, refused=rule)


def _interval(op: str, left: Value, right: Value) -> tuple[Fraction, Fraction]:
    a, b, c, d = left.low, left.high, right.low, right.high
    if a is None or b is None or c is None or d is None:
        raise Denied("R21", "a number without declared bounds", fix="ask for bounds", column=left.column)
    if op == "+":
        return a + c, b + d
    if op == "-":
        return a - d, b - c
    if op == "/":
        if c <= 0 <= d:
            raise Denied("R15", "a divisor that can be zero on some row", column=right.column,
                         fix="divide released values instead")  # fmt: skip
        c, d = 1 / d, 1 / c
    corners = (a * c, a * d, b * c, b * d)
    return min(corners), max(corners)


def _distinct(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
