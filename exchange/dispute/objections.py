"""Objecting to what is being registered: in the publicity an objection, after it a dispute about ownership (S21)."""

from exchange.dispute import service
from exchange.dispute.model import Category, Dispute, DisputeOpened
from exchange.kernel import ids
from exchange.kernel.errors import Guarded, RecordedRefusal
from exchange.kernel.unit import Unit
from exchange.registration import register
from exchange.registration.model import Asset


def object_to(unit: Unit, asset_id: str, claim_sha256: str) -> Asset:
    """Out of time the objection is refused, and what it claims goes on as a dispute, which the refusal names."""
    try:
        return register.object_to(unit, asset_id, claim_sha256)
    except Guarded as guarded:
        if guarded.reason != "E_WINDOW":
            raise
    dispute = _claimed(unit, unit.get(Asset, asset_id), claim_sha256)
    raise RecordedRefusal(
        "the publicity has ended; the claim is now a dispute", reasons=("E_WINDOW",), subject=dispute.id
    )


def _claimed(unit: Unit, asset: Asset, claim_sha256: str) -> Dispute:
    """A rival's claim about the asset itself, with no order in it: the certificate rests while it lasts."""
    rival = unit.caller.participant_id
    opened = DisputeOpened(
        order_id="",
        asset_id=asset.id,
        claimant_id=rival,
        respondent_id=asset.holder_id,
        by_buyer=False,
        category=Category.OWNERSHIP,
        claim_fen=0,
        evidence_sha256=(claim_sha256,),
        due_at=service.in_working_days(unit, service.ANSWER_WORKING_DAYS),
        by=unit.caller.person_id,
    )
    dispute = unit.load(Dispute, ids.derived("dsp", asset.id, Category.OWNERSHIP, rival))
    dispute = unit.record(dispute, opened, refs=(asset.head,))
    register.freeze_disputed(unit, asset.id, service.digest(dispute.id))
    return dispute
