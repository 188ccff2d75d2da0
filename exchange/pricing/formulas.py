"""The price models an order cannot be placed under yet, as sums: P3 to P8 and P10. Pure, exact, and never a float.

Source: rulebook 4.5. What accrues below a fen is micro-yuan, billed as `exchange.kernel.money` bills it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from exchange.kernel.money import BASIS_POINTS, share

MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Tier:
    """Units up to and including the `up_to`-th cost this each; None is the last tier, which has no end."""

    up_to: int | None
    unit_micro_yuan: int


@dataclass(frozen=True, slots=True)
class Bid:
    """A sealed bid. Who bid the same earlier goes first; the bidder's id decides what even time does not."""

    bidder_id: str
    amount_fen: int
    received_at: int


@dataclass(frozen=True, slots=True)
class Award:
    bidder_id: str
    price_fen: int


def tiered(calls: int, tiers: Sequence[Tier]) -> int:
    """P3 in micro-yuan: each call at the price of the tier it falls in."""
    _not_negative(calls, *(tier.unit_micro_yuan for tier in tiers))
    ends = [tier.up_to for tier in tiers]
    if not tiers or ends[-1] is not None or any(end is None or end <= 0 for end in ends[:-1]):
        raise ValueError("every tier but the last ends somewhere")
    total, below = 0, 0
    for tier in tiers:
        end = calls if tier.up_to is None else tier.up_to
        if tier.up_to is not None and end <= below:
            raise ValueError("tiers rise")
        total += max(0, min(calls, end) - below) * tier.unit_micro_yuan
        below = end
    return total


def usage(rows: int, row_micro_yuan: int, cpu_s: int, cpu_s_micro_yuan: int) -> int:
    """P4 in micro-yuan: rows and CPU seconds."""
    _not_negative(rows, row_micro_yuan, cpu_s, cpu_s_micro_yuan)
    return rows * row_micro_yuan + cpu_s * cpu_s_micro_yuan


def overage(calls: int, quota: int, unit_micro_yuan: int) -> int:
    """P5 in micro-yuan: what is used beyond the quota of a period."""
    _not_negative(calls, quota, unit_micro_yuan)
    return max(0, calls - quota) * unit_micro_yuan


def subscription_accrued(period_fen: int, days: int, term_days: int) -> int:
    """P5: how much of a period's fee is earned after so many of its days. A statement bills what is new of it."""
    _not_negative(period_fen, days)
    if not 0 <= days <= term_days or term_days == 0:
        raise ValueError("days of a term lie within it")
    return period_fen * days // term_days


def revenue_share(revenue_fen: int, rate_bp: int, floor_fen: int, cap_fen: int) -> int:
    """P6: a share of the buyer's revenue, half up, never below the floor nor above the cap."""
    _not_negative(revenue_fen, rate_bp, floor_fen)
    if rate_bp > BASIS_POINTS or cap_fen < floor_fen:
        raise ValueError("a rate is at most the whole, and a cap not below its floor")
    return max(floor_fen, min(cap_fen, share(revenue_fen, rate_bp)))


def second_price(bids: Sequence[Bid], reserve_fen: int) -> Award | None:
    """P7: the highest bid wins and pays the second, or the reserve. None if nobody bids the reserve."""
    _not_negative(reserve_fen, *(bid.amount_fen for bid in bids))
    if len({bid.bidder_id for bid in bids}) != len(bids):
        raise ValueError("a bidder bids once")
    ranked = sorted(
        (bid for bid in bids if bid.amount_fen >= reserve_fen),
        key=lambda bid: (-bid.amount_fen, bid.received_at, bid.bidder_id),
    )
    if not ranked:
        return None
    return Award(ranked[0].bidder_id, ranked[1].amount_fen if len(ranked) > 1 else reserve_fen)


def privacy(base_fen: int, rate_fen_per_eps: int, micro_eps: int) -> int:
    """P8: a base and what the privacy spent costs, half up."""
    _not_negative(base_fen, rate_fen_per_eps, micro_eps)
    return base_fen + (rate_fen_per_eps * micro_eps + MICRO // 2) // MICRO


def allowed_revenue(cost_fen: int, return_bp: int, last_allowed_fen: int, last_revenue_fen: int) -> int:
    """P10: cost and a return on it, less what the last cycle took above its allowance. Never below nothing."""
    _not_negative(cost_fen, return_bp, last_allowed_fen, last_revenue_fen)
    excess_fen = max(0, last_revenue_fen - last_allowed_fen)
    return max(0, cost_fen + share(cost_fen, return_bp) - excess_fen)


def _not_negative(*amounts: int) -> None:
    if any(amount < 0 for amount in amounts):
        raise ValueError("nothing that is counted or paid is negative")
