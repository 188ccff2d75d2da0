"""How far each output will be from the exact one, told before anything is spent. It knows the plan and the price alone.

Rho is shared evenly among the numbers the engine computes, each of them once, however often an output uses it. What
follows from one number has one error everywhere; of a quotient it hangs on how many rows a group has, so it is told
for groups of some sizes.
"""

from fractions import Fraction
from math import ceil, isqrt

from pydantic import BaseModel, ConfigDict

from policies.disclosure.answers import Cell, decimal_text
from policies.disclosure.intervals import Ends, Spread, deviations, ends_of
from policies.disclosure.plan import OutputKind, Plan, Post, Term

NRHO = 10**9
QUERY_DELTA_E15 = 10**6
"""What an answer costs in delta, in 1e-15, if its keys were declared by nobody; else nothing."""
DELTA_UNITS = 10**15
SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
_FINE = 10**6
# ln 2 from above; the natural logarithm of a number is at most this a bit.
_LN2 = Fraction("0.6932")


class AtRows(BaseModel):
    """The half width of the interval in a group of so many rows, each at the widest value; None if nothing is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    rows: int
    half_width_95: str | None


class Expected(BaseModel):
    """The error of one output, as decimal text. Without `sigma` it hangs on the size of a group: see `at_rows`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    kind: OutputKind
    sigma: str | None
    half_width_95: str | None
    at_rows: tuple[AtRows, ...]


class Expectation(BaseModel):
    """What an answer with noise costs of the privacy budget and how good it will be."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    rho_nrho: int
    delta_e15: int
    rows_told_from: int | None
    """About how many rows a key needs to be told of; None where keys are declared or there are none."""
    errors: tuple[Expected, ...]


def delta_e15(plan: Plan) -> int:
    """Nothing, unless a threshold decides which keys may be told of."""
    return 0 if plan.post.keys_by is None else QUERY_DELTA_E15


def expected(plan: Plan, rho_nrho: int) -> Expectation:
    """The errors of a plan for an answer with noise at this price."""
    post, share = plan.post, rho_nrho // max(len(plan.post.measures), 1)
    spreads = tuple(_spread(one.unit_change or 0, max(share, 1)) for one in post.measures)
    return Expectation(
        rho_nrho=rho_nrho,
        delta_e15=delta_e15(plan),
        rows_told_from=_threshold(plan, spreads),
        errors=tuple(
            _error(output.name, output.kind, term, post, spreads)
            for output, term in zip(plan.outputs, post.terms, strict=True)
            if any(place >= len(post.keys) for place in term.places)
        ),
    )


def _spread(change: int, share_nrho: int) -> Spread:
    """Change over the root of two rho, rounded up."""
    return Fraction(isqrt(change * change * NRHO * _FINE * _FINE // (2 * share_nrho)) + 1, _FINE)


def _threshold(plan: Plan, spreads: tuple[Spread, ...]) -> int | None:
    """A bound by the Gaussian tail, near what the domain will find: beyond one unit's reach, delta shared by its keys.

    The rule of the root is rough on purpose: it needs no logarithm of a fraction and is never below the truth.
    """
    post = plan.post
    if post.keys_by is None or post.unit_groups_max is None:
        return None
    bits = (post.unit_groups_max * DELTA_UNITS // QUERY_DELTA_E15).bit_length()
    root = isqrt(ceil(2 * bits * _LN2 * 100)) + 1
    return max(plan.k_min, post.unit_groups_max + ceil(spreads[post.keys_by] * root / 10))


def _error(name: str, kind: OutputKind, term: Term, post: Post, spreads: tuple[Spread, ...]) -> Expected:
    if term.place is not None:
        measure = term.place - len(post.keys)
        unit = 10 ** post.measures[measure].scale
        half = Fraction(ceil(deviations(1) * spreads[measure]), unit)
        return Expected(
            name=name, kind=kind, sigma=decimal_text(spreads[measure] / unit), half_width_95=decimal_text(half),
            at_rows=(),
        )  # fmt: skip
    at_rows = tuple(AtRows(rows=rows, half_width_95=_half(_at(rows, term, post, spreads))) for rows in SIZES)
    return Expected(name=name, kind=kind, sigma=None, half_width_95=None, at_rows=at_rows)


def _at(rows: int, term: Term, post: Post, spreads: tuple[Spread, ...]) -> Ends | None:
    row: list[Cell] = [Fraction(0) if kind in ("int", "number") else None for kind in post.keys]
    for one in post.measures:
        widest = Fraction((one.unit_change or 0) // max(post.unit_groups_max or 1, 1), 10**one.scale)
        row.append(Fraction(rows) if one.kind == "count" else rows * widest)
    return ends_of(term, row, post, spreads)


def _half(ends: Ends | None) -> str | None:
    return None if ends is None else decimal_text((ends[1] - ends[0]) / 2)
