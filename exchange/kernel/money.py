"""Money is integer fen; unit prices and accruals are integer micro-yuan; shares are basis points. Never a float.

Source: rulebook 4.5 and 4.6.
"""

from collections.abc import Mapping

MICRO_YUAN_PER_FEN = 10_000
BASIS_POINTS = 10_000


def split(amount_fen: int, shares_bp: Mapping[str, int]) -> dict[str, int]:
    """Divide exactly by largest remainder; a tie goes to the id that sorts first. The parts sum to the whole."""
    if amount_fen < 0 or sum(shares_bp.values()) != BASIS_POINTS or min(shares_bp.values()) < 0:
        raise ValueError("shares are basis points that sum to 10,000 of an amount that is not negative")
    return in_proportion(amount_fen, shares_bp)


def in_proportion(amount_fen: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Divide in proportion to whole numbers, as `split` does to shares: largest remainder, ties by id."""
    whole = sum(weights.values())
    if amount_fen < 0 or whole <= 0 or min(weights.values()) < 0:
        raise ValueError("weights are not negative, and not all of them nothing")
    parts = {payee: amount_fen * weight // whole for payee, weight in weights.items()}
    left = amount_fen - sum(parts.values())
    by_remainder = sorted(weights, key=lambda payee: (-(amount_fen * weights[payee] % whole), payee))
    for payee in by_remainder[:left]:
        parts[payee] += 1
    return parts


def bill(accrued_micro_yuan: int) -> tuple[int, int]:
    """What a statement bills in fen, and the micro-yuan it carries to the next one."""
    return divmod(accrued_micro_yuan, MICRO_YUAN_PER_FEN)


def close(accrued_micro_yuan: int) -> int:
    """What the last statement bills: half a fen and more rounds up, and the carry ends."""
    return (accrued_micro_yuan + MICRO_YUAN_PER_FEN // 2) // MICRO_YUAN_PER_FEN


def share(amount_fen: int, bp: int) -> int:
    """A part of an amount, half up: refunds of a share (rulebook 4.8, R6)."""
    return (amount_fen * bp + BASIS_POINTS // 2) // BASIS_POINTS
