"""Exact arithmetic over released values: fractions in, cells out. No float, no rounding before the last step."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from math import ceil, floor

from policies.disclosure.plan import OutputType, Term
from policies.disclosure.refusals import Denied

Cell = Fraction | str | date | bool | None
DECIMALS = 6
_COMPARE: dict[str, Callable[[Cell, Cell], bool]] = {
    "=": lambda one, other: one == other, "<>": lambda one, other: one != other,
    "<": lambda one, other: _less(one, other), ">": lambda one, other: _less(other, one),
    "<=": lambda one, other: not _less(other, one), ">=": lambda one, other: not _less(one, other),
}  # fmt: skip


def evaluate(term: Term, row: list[Cell]) -> Cell:
    """The value of a term over one released row; NULL as in SQL, and NULL for a division by zero."""
    if term.place is not None:
        return row[term.place]
    if term.op in ("number", "text", "date", "true", "false", "null"):
        return _constant(term)
    if term.op == "case":
        return _case(term, row)
    args = [evaluate(arg, row) for arg in term.args]
    if term.op in ("and", "or"):
        return _logical(term.op, args)
    if term.op == "coalesce":
        return next((arg for arg in args if arg is not None), None)
    if term.op == "is_null":
        return args[0] is None
    if term.op in ("least", "greatest"):
        return _extreme(term.op, args)
    if args[0] is None or (term.op not in ("in", "nullif") and None in args):
        return None
    if term.op == "in":
        return True if args[0] in args[1:] else None if None in args else False
    if term.op == "nullif":
        return None if args[0] == args[1] else args[0]
    if term.op in _COMPARE:
        return _COMPARE[term.op](args[0], args[1])
    if term.op == "not":
        return args[0] is not True
    return _number(term.op, [_fraction(arg) for arg in args])


def _constant(term: Term) -> Cell:
    words = term.text or ""
    if term.op == "number":
        return Fraction(words)
    if term.op == "date":
        return date.fromisoformat(words)
    return words if term.op == "text" else None if term.op == "null" else term.op == "true"


def _case(term: Term, row: list[Cell]) -> Cell:
    for when, then in zip(term.args[:-1:2], term.args[1:-1:2], strict=True):
        if evaluate(when, row) is True:
            return evaluate(then, row)
    return evaluate(term.args[-1], row)


def _logical(op: str, args: list[Cell]) -> Cell:
    decisive = op == "or"
    if any(arg is decisive for arg in args):
        return decisive
    return None if None in args else not decisive


def _extreme(op: str, args: list[Cell]) -> Cell:
    known = [_fraction(arg) for arg in args if arg is not None]
    return (min(known) if op == "least" else max(known)) if known else None


def _number(op: str, args: list[Fraction]) -> Cell:
    first, rest = args[0], args[1:]
    if op == "/":
        return first / rest[0] if rest[0] else None
    if op == "round":
        return _half_away(first, int(rest[0]))
    found = {"neg": lambda: -first, "abs": lambda: abs(first), "floor": lambda: Fraction(floor(first)),
             "ceil": lambda: Fraction(ceil(first)), "+": lambda: first + rest[0], "-": lambda: first - rest[0],
             "*": lambda: first * rest[0]}.get(op)  # fmt: skip
    if found is None:
        raise Denied("R24", "a step that is not on the list")
    return found()


def _half_away(number: Fraction, digits: int) -> Fraction:
    """Rounds halves away from zero, as the engine's round does."""
    scaled = abs(number) * 10**digits
    whole = floor(scaled + Fraction(1, 2))
    return Fraction(whole if number >= 0 else -whole, 10**digits)


def _fraction(cell: Cell) -> Fraction:
    if not isinstance(cell, Fraction):
        raise Denied("R24", "arithmetic on something that is no number")
    return cell


def _less(one: Cell, other: Cell) -> bool:
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one < other
    if isinstance(one, str) and isinstance(other, str):
        return one < other
    if isinstance(one, date) and isinstance(other, date):
        return one < other
    if isinstance(one, bool) and isinstance(other, bool):
        return one < other
    raise Denied("R24", "an order between two types")


def sort_key(cell: Cell, *, descending: bool, nulls_first: bool) -> tuple[int, int | Fraction | str]:
    """NULLs first or last whichever way the rest goes; the caller reverses for a descending order."""
    null_rank = 0 if nulls_first != descending else 2
    if cell is None:
        return (null_rank, 0)
    return (1, cell.toordinal() if isinstance(cell, date) else cell)


def as_cell(cell: Cell, kind: OutputType) -> int | str | bool | None:
    """A cell as it leaves: never a float."""
    if cell is None or isinstance(cell, bool | str):
        return cell
    if isinstance(cell, date):
        return cell.isoformat()
    if kind == "int" and cell.denominator == 1:
        return cell.numerator
    return decimal_text(_half_away(cell, DECIMALS))


def decimal_text(number: Fraction) -> str:
    """The plain decimal form, without trailing zeros."""
    whole, rest = divmod(abs(number.numerator) * 10**DECIMALS // number.denominator, 10**DECIMALS)
    digits = f"{whole}.{rest:0{DECIMALS}d}".rstrip("0").rstrip(".")
    return f"-{digits}" if number < 0 and digits != "0" else digits
