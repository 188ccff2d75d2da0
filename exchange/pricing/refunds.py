"""What goes back of a price, as sums (rulebook 4.8): R3, R4, R5, R6 and R10. Pure; moves nothing, decides no case."""

from exchange.kernel import money


def prepaid_less_used(prepaid_fen: int, used_micro_yuan: int) -> int:
    """R3, R5: what was prepaid less what was used, which is billed as a last statement is."""
    used_fen = money.close(used_micro_yuan)
    if min(prepaid_fen, used_micro_yuan) < 0 or used_fen > prepaid_fen:
        raise ValueError("no more is used than was prepaid")
    return prepaid_fen - used_fen


def unused_days(price_fen: int, used_days: int, term_days: int) -> int:
    """R4, R10: the price less the days used, floored: the floor favours the buyer."""
    if price_fen < 0 or term_days < 1 or not 0 <= used_days <= term_days:
        raise ValueError("days of a term lie within it")
    return price_fen - price_fen * used_days // term_days


def defect_share(price_fen: int, defect_bp: int) -> int:
    """R6: the share of the defect, half up."""
    if price_fen < 0 or not 0 <= defect_bp <= money.BASIS_POINTS:
        raise ValueError("a defect is a share of a price")
    return money.share(price_fen, defect_bp)
