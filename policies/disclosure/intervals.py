"""How far a number with noise may be from the number without: an interval for each number that leaves.

Made from what is released already and from how wide the noise is; it looks at no exact number.
"""

from fractions import Fraction
from math import ceil, floor

from policies.disclosure.answers import Cell, decimal_text, evaluate
from policies.disclosure.plan import Post, Term

Spread = Fraction
"""The standard deviation of the noise, in the measure's own integers."""
Interval = tuple[str, str]
Ends = tuple[Fraction, Fraction]
# How many deviations hold 95 of 100 of one number; of a term over several, 1 - 0.05/n each, so that all hold at once.
_DEVIATIONS = ("1.96", "2.2415", "2.3940", "2.4977", "2.5759", "2.6383")
_UP_TO_18, _BEYOND = Fraction(3), Fraction("3.3")
_MONOTONE = ("floor", "ceil", "round")


def interval(term: Term, row: list[Cell], post: Post, spreads: tuple[Spread, ...]) -> Interval | None:
    """The two ends; None for a key, and where the noise leaves nothing to say, as of a quotient of almost nothing."""
    ends = ends_of(term, row, post, spreads)
    return None if ends is None else (decimal_text(ends[0]), decimal_text(ends[1]))


def ends_of(term: Term, row: list[Cell], post: Post, spreads: tuple[Spread, ...]) -> Ends | None:
    """The same, as numbers."""
    noisy = {place for place in term.places if place >= len(post.keys)}
    if not noisy:
        return None
    return _Around(row, post, spreads, deviations(len(noisy))).ends(term)


def deviations(numbers: int) -> Fraction:
    """So many deviations on either side hold so many numbers at once in 95 of 100 answers."""
    if numbers <= len(_DEVIATIONS):
        return Fraction(_DEVIATIONS[numbers - 1])
    return _UP_TO_18 if numbers <= 18 else _BEYOND


class _Around:
    """Interval arithmetic over one released row."""

    def __init__(self, row: list[Cell], post: Post, spreads: tuple[Spread, ...], width: Fraction) -> None:
        self._row, self._post, self._spreads, self._width = row, post, spreads, width

    def ends(self, term: Term) -> Ends | None:
        told = evaluate(term, self._row)
        if not isinstance(told, Fraction):
            return None
        if term.place is not None:
            return self._stored(term.place, told)
        if term.op == "number":
            return told, told
        if term.op == "coalesce":
            return next((self.ends(arg) for arg in term.args if evaluate(arg, self._row) is not None), None)
        if term.op == "nullif":
            return self.ends(term.args[0])
        parts = [self.ends(arg) for arg in term.args]
        known = [part for part in parts if part is not None]
        return _combined(term.op, known) if known and len(known) == len(parts) else None

    def _stored(self, place: int, told: Fraction) -> Ends:
        measure = place - len(self._post.keys)
        if measure < 0:
            return told, told
        half = Fraction(ceil(self._width * self._spreads[measure]), 10 ** self._post.measures[measure].scale)
        return told - half, told + half


def _combined(op: str, parts: list[Ends]) -> Ends | None:
    (low, high), *rest = parts
    if op in ("least", "greatest"):
        pick = min if op == "least" else max
        return pick(part[0] for part in parts), pick(part[1] for part in parts)
    if op == "neg":
        return -high, -low
    if op == "abs":
        return (Fraction(0) if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))
    if op in _MONOTONE:
        return _stepped(op, low, high, int(rest[0][0]) if rest else 0)
    if op == "+":
        return low + rest[0][0], high + rest[0][1]
    if op == "-":
        return low - rest[0][1], high - rest[0][0]
    if op not in ("*", "/") or (op == "/" and rest[0][0] <= 0 <= rest[0][1]):
        return None
    corners = [one * other if op == "*" else one / other for one in (low, high) for other in rest[0]]
    return min(corners), max(corners)


def _stepped(op: str, low: Fraction, high: Fraction, digits: int) -> Ends:
    """Outwards to whole steps: whichever way the number itself was rounded, it lies within."""
    unit = Fraction(10) ** (digits if op == "round" else 0)
    return Fraction(floor(low * unit)) / unit, Fraction(ceil(high * unit)) / unit
