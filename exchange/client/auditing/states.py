"""What each kind of fact does to the books, written down a second time, from the public shapes of the facts alone.

It shares no line with the exchange's own folding: two hands that agree are the point. A fact that is not here leaves
its row unfolded, and the report says so.
"""

from collections.abc import Mapping
from typing import Any

STATES: Mapping[str, tuple[str, str]] = {
    "participant.applied": ("participant", "SUBMITTED"),
    "admission_review.started": ("participant", "UNDER_REVIEW"),
    "supplement.requested": ("participant", "SUPPLEMENT_REQUIRED"),
    "supplement.provided": ("participant", "UNDER_REVIEW"),
    "participant.approved": ("participant", "APPROVED"),
    "participant.rejected": ("participant", "REJECTED"),
    "participant.activated": ("participant", "ACTIVE"),
    "participant.suspended": ("participant", "SUSPENDED"),
    "participant.reinstated": ("participant", "ACTIVE"),
    "participant.revoked": ("participant", "REVOKED"),
    "participant.exited": ("participant", "EXITED"),
    "asset_self.graded": ("grading", "SELF_GRADED"),
    "grade.reviewed": ("grading", "REVIEWED"),
    "important_data.reported": ("grading", "REPORTED"),
    "grade.confirmed": ("grading", "CONFIRMED"),
    "regrade.triggered": ("grading", "REGRADE_REQUIRED"),
    "listing.submitted": ("listing", "ASSESSING"),
    "compliance.passed": ("listing", "APPROVED"),
    "compliance.failed": ("listing", "REJECTED"),
    "listing.published": ("listing", "LIVE"),
    "listing.paused": ("listing", "PAUSED"),
    "listing.resumed": ("listing", "LIVE"),
    "listing.suspended": ("listing", "SUSPENDED"),
    "listing.reinstated": ("listing", "LIVE"),
    "listing.delisted": ("listing", "DELISTED"),
    "licence.requested": ("licence", "REQUESTED"),
    "licence.offered": ("licence", "OFFERED"),
    "licence.refused": ("licence", "REFUSED"),
    "licence.agreed": ("licence", "AGREED"),
    "licence.activated": ("licence", "ACTIVE"),
    "licence.suspended": ("licence", "SUSPENDED"),
    "licence.resumed": ("licence", "ACTIVE"),
    "licence.exhausted": ("licence", "EXHAUSTED"),
    "licence.expired": ("licence", "EXPIRED"),
    "licence.revoked": ("licence", "REVOKED"),
    "licence_termination.proposed": ("licence", "ACTIVE"),
    "licence.terminated": ("licence", "TERMINATED"),
    "order.placed": ("orders", "PLACED"),
    "order.refused": ("orders", "REFUSED"),
    "order_approval.requested": ("orders", "APPROVAL_PENDING"),
    "order.approved": ("orders", "APPROVED"),
    "order.rejected": ("orders", "REJECTED"),
    "ticket.issued": ("orders", "TICKETED"),
    "result.delivered": ("orders", "DELIVERED"),
    "order.completed": ("orders", "COMPLETED"),
    "order.failed": ("orders", "FAILED"),
    "order.lapsed": ("orders", "LAPSED"),
    "order.cancelled": ("orders", "CANCELLED"),
    "order.stopped": ("orders", "ABORTED"),
    "order.disputed": ("orders", "DISPUTED"),
    "order.resolved": ("orders", "COMPLETED"),
    "order_partially.refunded": ("orders", "PARTIALLY_REFUNDED"),
    "order.refunded": ("orders", "REFUNDED"),
    "hold.placed": ("hold", "HELD"),
    "hold.captured": ("hold", "CAPTURED"),
    "hold.released": ("hold", "RELEASED"),
    "settlement.accrued": ("settlement", "ACCRUED"),
    "settlement.eligible": ("settlement", "ELIGIBLE"),
    "settlement.held": ("settlement", "HELD"),
    "settlement.unheld": ("settlement", "ACCRUED"),
    "settlement.reduced": ("settlement", "HELD"),
    "settlement.refunded": ("settlement", "REFUNDED"),
    "settlement_clawed.back": ("settlement", "BATCHED"),
    "settlement.batched": ("settlement", "BATCHED"),
    "settlement.paid": ("settlement", "SETTLED"),
}
"""A kind of fact → the book it changes, and the state it leaves there."""

UNLESS: Mapping[tuple[str, str], str] = {
    ("settlement.eligible", "HELD"): "HELD_ELIGIBLE",
    ("settlement.held", "ELIGIBLE"): "HELD_ELIGIBLE",
    ("settlement.unheld", "HELD_ELIGIBLE"): "ELIGIBLE",
    ("settlement.reduced", "HELD_ELIGIBLE"): "HELD_ELIGIBLE",
    ("settlement_clawed.back", "SETTLED"): "SETTLED",
}
"""Where the state that was decides: what is held keeps in mind where it goes back to."""

BOOKS: Mapping[str, Mapping[str, Any]] = {
    "participant": {"org_name": "", "uscc": "", "territory": "", "roles": ""},
    "grading": {"asset_id": "", "grade": "", "k_min": 0, "open_sql": "refused"},
    "listing": dict.fromkeys(
        ("asset_id", "provider_id", "merchant_id", "domain", "sector", "title_zh", "title_en"), ""
    ),
    "licence": {**dict.fromkeys(("listing_id", "asset_id", "provider_id", "buyer_id", "domain"), ""), "jobs_max": 0},
    "orders": {
        **dict.fromkeys(("buyer_id", "provider_id", "licence_id", "asset_id", "domain", "purpose"), ""),
        **dict.fromkeys(("hold_fen", "price_fen", "placed_at"), 0),
        "primary_reason": "",
    },
    "hold": {"order_id": "", "payer_id": "", "amount_fen": 0},
    "settlement": {"order_id": "", "gross_fen": 0, "eligible_on": None},
}
"""The books that are compared, column by column, and what a column holds before any fact says otherwise."""


def said(fact_type: str, at: int, content: Mapping[str, Any]) -> dict[str, Any]:
    """What a fact says that its book shows under another name or in another form."""
    if fact_type == "licence.requested":
        return {"jobs_max": content["terms"]["jobs_max"]}
    if fact_type == "participant.applied":
        return {"roles": " ".join(content["roles"])}
    if fact_type == "order.placed":
        return {"placed_at": at}
    if fact_type in ("order.refused", "order.rejected"):
        return {"primary_reason": content["reasons"][0]}
    if fact_type == "order.failed":
        return {"primary_reason": content["refusal"] or content["cause"]}
    return {}
