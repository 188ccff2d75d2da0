"""How far a number with noise may be from the number without: an interval for each count, sum and mean that leaves.

Made from what is released already and from how wide the noise is; it looks at no exact number.
"""

from fractions import Fraction
from math import ceil

from policies.disclosure.answers import Cell, decimal_text
from policies.disclosure.plan import Post, Term

Spread = Fraction
"""The standard deviation of the noise, in the measure's own integers."""
Interval = tuple[str, str]
# 95 of 100 for one number; for a quotient of two, 97.5 of 100 for each.
_ONE, _EACH_OF_TWO = Fraction("1.96"), Fraction("2.2415")


def interval(term: Term, row: list[Cell], post: Post, spreads: tuple[Spread, ...]) -> Interval | None:
    """The two ends; None for a key, and for arithmetic whose error nobody asked us to know."""
    ends = _ends(term, row, post, spreads)
    return None if ends is None else (decimal_text(ends[0]), decimal_text(ends[1]))


def _ends(term: Term, row: list[Cell], post: Post, spreads: tuple[Spread, ...]) -> tuple[Fraction, Fraction] | None:
    if term.place is not None:
        return _around(term.place, row, post, spreads, _ONE)
    if term.op != "/":
        return None
    over, under = (_around(one.place, row, post, spreads, _EACH_OF_TWO) for one in term.args)
    if over is None or under is None or under[0] <= 0:
        return None
    corners = [one / other for one in over for other in under]
    return min(corners), max(corners)


def _around(
    place: int | None, row: list[Cell], post: Post, spreads: tuple[Spread, ...], width: Fraction
) -> tuple[Fraction, Fraction] | None:
    if place is None or place < len(post.keys):
        return None
    told, measure = row[place], place - len(post.keys)
    if not isinstance(told, Fraction):
        return None
    half = Fraction(ceil(width * spreads[measure]), 10 ** post.measures[measure].scale)
    return told - half, told + half
