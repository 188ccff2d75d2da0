"""Disputes from the claim to the money: who may claim what until when, who answers, who decides, what then moves.

Silence is an answer; time moves what the parties do not. A decision binds by contract; courts stay open.
"""

import hashlib

from exchange.access import service as access
from exchange.access.desk import PROVIDERS
from exchange.dispute import views, windows
from exchange.dispute.asks import DecisionAsk, DisputeAsk, ResponseAsk, TermsAsk
from exchange.dispute.model import (
    Category,
    Dispute,
    DisputeArbitrationStarted,
    DisputeClosed,
    DisputeDecided,
    DisputeEnforced,
    DisputeMediationStarted,
    DisputeOpened,
    DisputeRejected,
    DisputeResponded,
    DisputeSettled,
    DisputeTermsProposed,
    DisputeWithdrawn,
    Fault,
    Outcome,
)
from exchange.kernel import ids, money
from exchange.kernel.caller import Role
from exchange.kernel.errors import Forbidden, Guarded, NotFound, RecordedRefusal
from exchange.kernel.unit import Unit
from exchange.orders import contests
from exchange.orders.model import Order
from exchange.registration import register

ANSWER_WORKING_DAYS = 5
MEDIATION_WORKING_DAYS = 10
ARBITRATION_WORKING_DAYS = 20
PROVIDERS_CLAIMS = (Category.SCOPE_BREACH, Category.BILLING)
"""What a provider can hold against its buyer; the rest is a buyer's."""
OVERSEERS = (Role.ARBITER, Role.COMPLIANCE, Role.REGULATOR, Role.AUDITOR)


def open_dispute(unit: Unit, ask: DisputeAsk) -> Dispute:
    """Contest an order. Out of its window, or without standing, the claim is recorded and rejected at once."""
    order, by_buyer = _party_order(unit, ask.order_id)
    dispute = unit.load(Dispute, ids.derived("dsp", order.id, ask.category, unit.caller.participant_id))
    delivered_at = contests.delivered_at(unit, order)
    if ask.claim_fen > (order.price_fen if by_buyer else 0):
        raise Guarded("no more can be claimed back than was paid", code="E_CLAIM")
    dispute = unit.record(dispute, _opened(unit, ask, order, by_buyer), refs=(order.head,))
    ends_at = windows.ends_at(
        unit.calendar, ask.category, delivered_at=delivered_at, inspection_ends_at=order.inspection_ends_at
    )
    standing = by_buyer or ask.category in PROVIDERS_CLAIMS
    if not standing or unit.now >= ends_at:
        reason = "E_WINDOW" if standing else "E_STANDING"
        dispute = unit.record(dispute, DisputeRejected(reason=reason))
        raise RecordedRefusal("the claim is rejected", reasons=(reason,), subject=dispute.id)
    if by_buyer:
        contests.contest(unit, order, dispute.id)
    if dispute.freezes:
        register.freeze_disputed(unit, order.asset_id, digest(dispute.id))
    return dispute


def respond(unit: Unit, dispute_id: str, ask: ResponseAsk) -> Dispute:
    """The respondent answers; mediation begins."""
    dispute = _party_dispute(unit, dispute_id)
    if dispute.respondent_id != unit.caller.participant_id:
        raise Forbidden("the other party answers")
    if dispute.state == "OPENED" and unit.now >= dispute.due_at:
        raise Guarded("the time to answer is over; silence does not contest the facts", code="E_WINDOW")
    return _answered(unit, dispute, is_silent=False, evidence_sha256=ask.evidence_sha256)


def agree(unit: Unit, dispute_id: str, ask: TermsAsk) -> Dispute:
    """Propose terms, or conclude by proposing what the other party did."""
    dispute = _party_dispute(unit, dispute_id)
    _claimed(unit, dispute, ask.refund_bp)
    own, person = unit.caller.participant_id, unit.caller.person_id
    same = (dispute.proposed_refund_bp, dispute.terms_sha256) == (ask.refund_bp, ask.terms_sha256)
    if not same or dispute.proposed_by in ("", own):
        proposed = DisputeTermsProposed(
            proposed_by=own, proposed_refund_bp=ask.refund_bp, terms_sha256=ask.terms_sha256, by=person
        )
        return unit.record(dispute, proposed)
    settled = DisputeSettled(refund_bp=ask.refund_bp, terms_sha256=ask.terms_sha256, by=person)
    return _enforced(unit, unit.record(dispute, settled))


def escalate(unit: Unit, dispute_id: str) -> Dispute:
    """Either party may end a mediation that leads nowhere."""
    return _to_arbitration(unit, _party_dispute(unit, dispute_id))


def decide(unit: Unit, dispute_id: str, ask: DecisionAsk) -> Dispute:
    """The arbiter decides with reasons, and the decision is enforced in the same unit."""
    unit.caller.require(Role.ARBITER)
    dispute = unit.get(Dispute, dispute_id)
    if unit.caller.participant_id in (dispute.claimant_id, dispute.respondent_id):
        raise Guarded("nobody decides its own dispute", code="E_INDEPENDENCE")
    if ask.outcome is Outcome.DISMISSED and ask.refund_bp:
        raise Guarded("a claim that is dismissed gives nothing back", code="E_CLAIM")
    _claimed(unit, dispute, ask.refund_bp)
    decided = DisputeDecided(**ask.model_dump(), arbiter=unit.caller.person_id)
    return _enforced(unit, unit.record(dispute, decided))


def withdraw(unit: Unit, dispute_id: str) -> Dispute:
    """The claimant gives its claim up: what was delivered is accepted, and the money goes on."""
    dispute = _party_dispute(unit, dispute_id)
    if dispute.claimant_id != unit.caller.participant_id:
        raise Forbidden("the claimant withdraws")
    dispute = unit.record(dispute, DisputeWithdrawn(by=unit.caller.person_id))
    if dispute.by_buyer:
        contests.resolve(unit, unit.get(Order, dispute.order_id), 0)
    _unfreeze(unit, dispute)
    return dispute


def time_out(unit: Unit, dispute_id: str) -> Dispute:
    """For the timer: who is silent does not contest the facts; a mediation without end goes to the arbiter."""
    dispute = unit.get(Dispute, dispute_id)
    if unit.now < dispute.due_at:
        return dispute
    if dispute.state == "OPENED":
        return _answered(unit, dispute, is_silent=True, evidence_sha256=())
    return _to_arbitration(unit, dispute) if dispute.state == "MEDIATION" else dispute


def dispute_of(unit: Unit, dispute_id: str) -> Dispute:
    """A dispute, for its parties and for those who decide or oversee."""
    if unit.caller.roles.intersection(OVERSEERS):
        return unit.get(Dispute, dispute_id)
    return _party_dispute(unit, dispute_id)


def _opened(unit: Unit, ask: DisputeAsk, order: Order, by_buyer: bool) -> DisputeOpened:
    return DisputeOpened(
        **ask.model_dump(),
        asset_id=order.asset_id,
        claimant_id=unit.caller.participant_id,
        respondent_id=order.provider_id if by_buyer else order.buyer_id,
        by_buyer=by_buyer,
        due_at=in_working_days(unit, ANSWER_WORKING_DAYS),
        by=unit.caller.person_id,
    )


def _answered(unit: Unit, dispute: Dispute, *, is_silent: bool, evidence_sha256: tuple[str, ...]) -> Dispute:
    responded = DisputeResponded(is_silent=is_silent, evidence_sha256=evidence_sha256, by=unit.caller.person_id)
    due_at = in_working_days(unit, MEDIATION_WORKING_DAYS)
    mediation = DisputeMediationStarted(mediator_id=access.EXCHANGE_ID, due_at=due_at)
    return unit.record(dispute, responded, mediation)


def _to_arbitration(unit: Unit, dispute: Dispute) -> Dispute:
    due_at = in_working_days(unit, ARBITRATION_WORKING_DAYS)
    started = DisputeArbitrationStarted(started_by=unit.caller.participant_id, due_at=due_at)
    return unit.record(dispute, started)


def _enforced(unit: Unit, dispute: Dispute) -> Dispute:
    """Money first, then the fact that it moved, in one unit with the decision."""
    refund_fen, clawed_fen = 0, {}
    if dispute.by_buyer:
        order = unit.get(Order, dispute.order_id)
        refund_fen, clawed = contests.resolve(unit, order, dispute.refund_bp)
        clawed_fen = dict(clawed)
    enforced = DisputeEnforced(refund_fen=refund_fen, clawed_fen=clawed_fen)
    dispute = unit.record(dispute, enforced, DisputeClosed())
    if dispute.fault is not Fault.PROVIDER:
        _unfreeze(unit, dispute)
    return dispute


def _unfreeze(unit: Unit, dispute: Dispute) -> None:
    """What this dispute froze is free again, or frozen by the next claim about the same asset."""
    if not dispute.freezes or not register.unfreeze_disputed(unit, dispute.asset_id, digest(dispute.id)):
        return
    for other_id in views.ownership_claims(unit.connection, dispute.asset_id):
        register.freeze_disputed(unit, dispute.asset_id, digest(other_id))


def _claimed(unit: Unit, dispute: Dispute, refund_bp: int) -> None:
    """Nobody is given more than was claimed."""
    price_fen = unit.get(Order, dispute.order_id).price_fen if dispute.order_id else 0
    if (not dispute.by_buyer and refund_bp) or money.share(price_fen, refund_bp) > dispute.claim_fen:
        raise Guarded("no more is given back than was claimed", code="E_CLAIM")


def _party_order(unit: Unit, order_id: str) -> tuple[Order, bool]:
    """The order, and whether its buyer asks (or else its provider): by a person with that role, never by a node."""
    order, caller = unit.get(Order, order_id), unit.caller
    if order.buyer_id == caller.participant_id and Role.BUYER in caller.roles:
        return order, True
    if order.provider_id == caller.participant_id and caller.roles.intersection(PROVIDERS):
        return order, False
    raise NotFound("no such order")


def _party_dispute(unit: Unit, dispute_id: str) -> Dispute:
    dispute = unit.get(Dispute, dispute_id)
    if dispute.order_id:
        _party_order(unit, dispute.order_id)
    elif unit.caller.participant_id not in (dispute.claimant_id, dispute.respondent_id):
        raise NotFound("no such dispute")
    elif unit.caller.roles <= {Role.NODE}:
        raise Forbidden("a machine does not do this")
    return dispute


def in_working_days(unit: Unit, days: int) -> int:
    return unit.calendar.end_of(unit.calendar.after(unit.calendar.today(unit.now), days))


def digest(dispute_id: str) -> str:
    """What the register writes down as the ground of a freeze."""
    return hashlib.sha256(dispute_id.encode()).hexdigest()
