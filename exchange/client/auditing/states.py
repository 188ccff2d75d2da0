"""What each kind of fact does to the books, written down a second time, from the public shapes of the facts alone.

It shares no line with the exchange's own folding: two hands that agree are the point. A fact that is not here leaves
its row unfolded, and the report says so.
"""

from base64 import b64decode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from exchange.wire import canonical

STATES: Mapping[str, tuple[str, str]] = {
    "api_key.issued": ("api_key", "LIVE"),
    "api_key.revoked": ("api_key", "REVOKED"),
    "node.registered": ("node", "REGISTERED"),
    "node.retired": ("node", "RETIRED"),
    "asset_registration.submitted": ("asset", "SUBMITTED"),
    "asset_registration.refused": ("asset", "REFUSED"),
    "core_data.detected": ("asset", "QUARANTINED"),
    "registration.accepted": ("asset", "FORMAL_REVIEW"),
    "formal_review.passed": ("asset", "SUBSTANTIVE_REVIEW"),
    "publicity.started": ("asset", "PUBLICITY"),
    "objection.filed": ("asset", "OBJECTION"),
    "objection.dismissed": ("asset", "PUBLICITY"),
    "objection.upheld": ("asset", "REFUSED"),
    "certificate.issued": ("asset", "CERTIFIED"),
    "certificate.frozen": ("asset", "FROZEN"),
    "certificate.unfrozen": ("asset", "CERTIFIED"),
    "certificate.expired": ("asset", "EXPIRED"),
    "certificate.cancelled": ("asset", "CANCELLED"),
    "registration.withdrawn": ("asset", "WITHDRAWN"),
    "dispute.opened": ("dispute", "OPENED"),
    "dispute.rejected": ("dispute", "REJECTED"),
    "dispute.responded": ("dispute", "RESPONDED"),
    "dispute_mediation.started": ("dispute", "MEDIATION"),
    "dispute_terms.proposed": ("dispute", "MEDIATION"),
    "dispute.settled": ("dispute", "DECIDED"),
    "dispute_arbitration.started": ("dispute", "ARBITRATION"),
    "dispute.decided": ("dispute", "DECIDED"),
    "dispute.enforced": ("dispute", "ENFORCED"),
    "dispute.closed": ("dispute", "CLOSED"),
    "dispute.withdrawn": ("dispute", "WITHDRAWN"),
    "batch.closed": ("batch", "CLOSED"),
    "batch.submitted": ("batch", "SUBMITTED"),
    "batch.paid": ("batch", "PAID"),
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
    "licence.countered": ("licence", "REQUESTED"),
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
    "deletion.attested": ("licence", "EXPIRED"),
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
    "job_scope.reduced": ("orders", "TICKETED"),
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
    ("deletion.attested", "REVOKED"): "REVOKED",
    ("deletion.attested", "TERMINATED"): "TERMINATED",
    ("deletion.attested", "EXHAUSTED"): "EXHAUSTED",
    ("settlement.eligible", "HELD"): "HELD_ELIGIBLE",
    ("settlement.held", "ELIGIBLE"): "HELD_ELIGIBLE",
    ("settlement.unheld", "HELD_ELIGIBLE"): "ELIGIBLE",
    ("settlement.reduced", "HELD_ELIGIBLE"): "HELD_ELIGIBLE",
    ("settlement_clawed.back", "SETTLED"): "SETTLED",
}
"""Where the state that was decides: what is held keeps in mind where it goes back to."""


def _claim(said: Mapping[str, Any]) -> str:
    """What a right rests on, as one digest."""
    claim = {
        "rights": sorted(said.get("rights", ())),
        "statement": said.get("source_statement_sha256", ""),
        "evidence": said.get("evidence", {}),
        "attributes": said.get("attributes", {}),
    }
    return sha256(canonical.encode(claim)).hexdigest()


BOOKS: Mapping[str, Mapping[str, Any]] = {
    "api_key": {"participant_id": "", "person_id": "", "roles": ""},
    "node": {"domain": "", "participant_id": "", "signing_key": ""},
    "asset": {
        **dict.fromkeys(("holder_id", "domain", "sector", "title_zh", "title_en", "grade", "fingerprint"), ""),
        **dict.fromkeys(("valid_to", "certificate_no", "handle"), ""),
        **dict.fromkeys(("exclusive", "is_core"), False),
        "rows": 0,
        "evidence_sha256": _claim({}),
    },
    "dispute": {
        **dict.fromkeys(("order_id", "asset_id", "claimant_id", "respondent_id", "category"), ""),
        **dict.fromkeys(("claim_fen", "refund_fen", "due_at"), 0),
    },
    "batch": {"closed_on": None, "pay_on": None, "settlements": 0, "gross_fen": 0},
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
    if fact_type in ("licence.requested", "licence.countered"):
        return {"jobs_max": content["terms"]["jobs_max"]}
    if fact_type == "asset_registration.submitted":
        return {"evidence_sha256": _claim(content)}
    if fact_type == "core_data.detected":
        return {"is_core": True}
    if fact_type == "batch.closed":
        return {"settlements": len(content["settlement_ids"])}
    if fact_type in ("participant.applied", "api_key.issued"):
        return {"roles": " ".join(content["roles"])}
    if fact_type == "order.placed":
        return {"placed_at": at}
    if fact_type in ("order.refused", "order.rejected"):
        return {"primary_reason": content["reasons"][0]}
    if fact_type == "order.failed":
        return {"primary_reason": content["refusal"] or content["cause"]}
    return {}


def charged(content: Mapping[str, Any]) -> tuple[list[str], int]:
    """Which accounts of privacy budgets an order is charged to, and how much it may cost at most."""
    accounts = [str(account) for account in content["accounts"]]
    return [*accounts, *(f"{account}:{content['buyer_id']}" for account in accounts)], int(content["rho_nrho"])


def spent_nrho(content: Mapping[str, Any]) -> int:
    """What the receipt in a fact says its answer cost of the privacy budget."""
    return int(canonical.decode(b64decode(content["receipt"]["payload"]))["spent_nrho"])
