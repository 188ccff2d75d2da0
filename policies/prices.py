"""Whether a price may be asked for data like this, by the table. Never how much it comes to: that is the exchange's.

What nobody vouched for counts against it: a cap that was never set is a cap that is exceeded.
"""

from policies.engine import Decision, PolicySet, decide


def asked(
    policies: PolicySet, *, model: str, public_status: object, within_cap: bool = False, within_revenue: bool = True
) -> Decision:
    """The guards of a listing's price. Under one listing like buyers pay alike: every licence has its template's price.

    `within_cap` and `within_revenue` are an authorising body's to say; they are asked of authorised public data only.
    """
    status = public_status if isinstance(public_status, str) else "NOT_OPENED"
    capped = status == "AUTHORISED"
    facts: dict[str, str | bool | int] = {
        "price_model": model,
        "public_status": status,
        "above_cap": capped and not within_cap,
        "revenue_above_allowed": capped and not within_revenue,
        "unlike_price": False,
        "price_exception": "NONE",
    }
    return decide(policies, "pricing", facts)
