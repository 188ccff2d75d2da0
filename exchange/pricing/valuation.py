"""What an asset may be worth (数字产权评估), by three methods: a report, never a price.

Exact until the end, then half up. Source: rulebook 4.5. Rates and factors are basis points.
"""

from collections.abc import Sequence
from fractions import Fraction

from exchange.kernel.money import BASIS_POINTS


def by_cost(total_cost_fen: int, return_bp: int, utility_bp: int) -> int:
    """What it cost, with a return on it, by how useful it is."""
    _counted(total_cost_fen, return_bp, utility_bp)
    return _half_up(Fraction(total_cost_fen) * _part(BASIS_POINTS + return_bp) * _part(utility_bp))


def by_income(flows_fen: Sequence[int], discount_bp: int) -> int:
    """What it will bring in, a year apart, discounted to today."""
    _counted(discount_bp, *flows_fen)
    growth = _part(BASIS_POINTS + discount_bp)
    return _half_up(sum((Fraction(flow) / growth**year for year, flow in enumerate(flows_fen, 1)), Fraction()))


def by_market(reference_fen: int, factors_bp: Sequence[int]) -> int:
    """What something like it was sold for, with a factor for each difference."""
    _counted(reference_fen, *factors_bp)
    value = Fraction(reference_fen)
    for factor in factors_bp:
        value *= _part(factor)
    return _half_up(value)


def _part(bp: int) -> Fraction:
    return Fraction(bp, BASIS_POINTS)


def _half_up(value: Fraction) -> int:
    return int((2 * value + 1) // 2)


def _counted(*amounts: int) -> None:
    if any(amount < 0 for amount in amounts):
        raise ValueError("a valuation is made of amounts that are not negative")
