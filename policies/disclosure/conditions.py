"""Conditions of a row, in one canonical form: what means the same is written the same.

The pure half: operations on checked values. It looks at no tree and at no row.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from policies.disclosure.dates import Calendar
from policies.disclosure.functions import a_day
from policies.disclosure.refusals import Denied
from policies.disclosure.values import NUMBERS, Value, constant, day

LIST_MAX = 50
AND = " AND "


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition, and the NULL tests inside it."""

    sql: str
    nulls: tuple[str, ...] = ()
    word: str = ""  # What joins the parts, where it has any.
    parts: tuple["Condition", ...] = ()


def conjunction(parts: Iterable[Condition]) -> Condition:
    return _joined(AND, parts)


def disjunction(parts: Iterable[Condition]) -> Condition:
    return _joined(" OR ", parts)


def _joined(word: str, parts: Iterable[Condition]) -> Condition:
    flat = [inner for part in parts for inner in (part.parts if part.word == word else (part,))]
    distinct = {part.sql: part for part in flat}
    if len(distinct) == 1:
        return flat[0]
    nulls = tuple(sorted({one for part in flat for one in part.nulls}))
    ordered = tuple(distinct[sql] for sql in sorted(distinct))
    return Condition("(" + word.join(part.sql for part in ordered) + ")", nulls, word, ordered)


def filterable(value: Value, exact: bool) -> None:
    """R09 and R10a: what may be compared with literals."""
    if value.literal is not None or value.kind == "null":
        raise Denied("R09", "a condition on constants", fix="compare a column")
    if "filter" in value.uses:
        return
    if value.derived and exact:
        raise Denied("R10", "a condition on an aggregate of one unit's rows", column=value.column,
                     fix="use it as a key of a histogram")  # fmt: skip
    raise Denied("R09", "a condition on a column without the use filter", column=value.column,
                 fix="leave the condition out, or ask for the use filter")  # fmt: skip


def compared(op: str, value: Value, literal: Value, calendar: Calendar) -> Condition:
    """value op literal; the value is filterable already."""
    literal = same_kind(value, literal)
    if value.kind == "bool" and op not in ("=", "<>"):
        raise Denied("R15", "an order of truth values", column=value.column, fix="compare with = or <>")
    if value.moment is not None and isinstance(literal.literal, date):
        _dated(op, value, literal.literal, calendar)
    if value.kind == "int" and isinstance(literal.literal, Fraction):
        op, literal = _whole(op, literal.literal)
    subject = value.bare or value.sql
    if value.kind == "date":
        # Whole days, also where the engine keeps a time of day.
        subject = value.sql
        op, literal = _whole_days(op, literal)
    return Condition(f"{subject} {op} {literal.sql}")


def listed_in(value: Value, literals: Iterable[Value], calendar: Calendar, *, negated: bool) -> Condition:
    found = {same_kind(value, literal).sql: literal for literal in literals}
    if len(found) > LIST_MAX:
        raise Denied("R22", "a list that is too long", column=value.column, fix=f"at most {LIST_MAX} items")
    single = [compared("<>" if negated else "=", value, literal, calendar) for literal in found.values()]
    if len(single) == 1:
        return single[0]
    word = "NOT IN" if negated else "IN"
    subject = value.sql if value.kind == "date" else value.bare or value.sql
    return Condition(f"{subject} {word} ({', '.join(sorted(found))})")


def is_null(value: Value, *, negated: bool) -> Condition:
    subject = value.bare or value.sql
    tests = (f"{subject} IS NULL",) if value.nullable else ()
    return Condition(f"{subject} IS {'NOT ' if negated else ''}NULL", tests)


def same_kind(value: Value, literal: Value) -> Value:
    """R15: the two sides of a comparison are of one type; a text that is a date may stand for it."""
    if value.kind == "date" and isinstance(literal.literal, str):
        return a_day(literal.literal)
    if literal.kind == value.kind or (literal.kind in NUMBERS and value.kind in NUMBERS):
        return literal
    raise Denied("R15", "a comparison of two types", column=value.column, fix=f"compare with a {value.kind}")


def _dated(op: str, value: Value, when: date, calendar: Calendar) -> None:
    moment = value.moment
    if moment is None or moment.grain == "day" or moment.part != "day":
        return
    if op in ("=", "<>"):
        raise Denied("R18", f"one day of a column whose grain is a {moment.grain}", column=value.column,
                     fix="use a range of dates")  # fmt: skip
    calendar.cut(moment, when + timedelta(days=1) if op in (">", "<=") else when)


def _whole(op: str, number: Fraction) -> tuple[str, Value]:
    """Of the ways to cut whole numbers at one place, `>=` and `<`."""
    below = number.numerator // number.denominator
    if op in ("=", "<>"):
        return op, constant(number)
    exact = number.denominator == 1
    if op in (">", "<="):
        return (">=" if op == ">" else "<"), constant(Fraction(below + 1))
    return op, constant(Fraction(below if exact else below + 1))


def _whole_days(op: str, literal: Value) -> tuple[str, Value]:
    if op in (">", "<=") and isinstance(literal.literal, date):
        return (">=" if op == ">" else "<"), day(literal.literal + timedelta(days=1))
    return op, literal
