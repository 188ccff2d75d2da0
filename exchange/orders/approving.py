"""An order on its way to its ticket: at once, or after those whose approval it needs said yes (rulebook 3.7).

What was decided when it was placed is decided once more when it was approved: five working days are long.
"""

from exchange.authorization import approvals, controls, templates
from exchange.authorization import service as authorization
from exchange.authorization.approval_model import Approval, Kind
from exchange.kernel.unit import Unit
from exchange.licensing import service as licensing
from exchange.orders.asks import OrderAsk
from exchange.orders.decide import Trade, Verdict, hold_the_budget_still, judge, trade_of
from exchange.orders.model import Order, OrderApprovalRequested, OrderApproved, OrderRejected
from exchange.settlement import service as settlement
from exchange.wire.envelope import Envelope
from exchange.wire.keys import PrivateKey
from policies.refunds import RefundCase, whole


def ticketed(unit: Unit, key: PrivateKey, order: Order, trade: Trade, verdict: Verdict) -> Order:
    """Sign the order to its domain."""
    ask = _ask_of(order)
    scope = authorization.Scope(
        ask.computation,
        ask.purpose,
        order.territory,
        order.mode,
        verdict.k_min,
        verdict.dominance_bp_max,
        trade.buyer.recipient_key,
        verdict.rho_nrho,
        verdict.program.template,
        verdict.addendum,
        order.cohort,
    )
    ticket = authorization.sign_ticket(unit, key, trade.licence, order_id=order.id, scope=scope)
    return unit.record(order, ticket, refs=(trade.licence.head, order.head))


def ask_for(unit: Unit, order: Order, verdict: Verdict) -> Order:
    """Put it before everybody whose approval it needs. Its money stays set aside meanwhile."""
    wanted = approvals.Wanted(
        kind=Kind.JOB,
        about_id=order.id,
        provider_id=order.provider_id,
        requester_id=order.buyer_id,
        licence_id=order.licence_id,
        program_sha256=verdict.program.name,
        approvers=verdict.approvers,
    )
    approval = approvals.request(unit, wanted, refs=(order.head,))
    fact = OrderApprovalRequested(approval_id=approval.id, approvers=tuple(approval.approvers))
    return unit.record(order, fact, refs=(approval.head,))


def approve(unit: Unit, key: PrivateKey, approval_id: str, envelope: Envelope | None) -> Approval:
    """Say yes. With the last yes a job is decided once more, and runs if everything still holds."""
    approval = approvals.shown(unit, approval_id)
    if approval.kind is Kind.JOB:
        licensing.held_still(unit, approval.licence_id)
    elif approval.kind is Kind.TEMPLATE:
        templates.checked(unit, approval, envelope)
    else:
        controls.checked(unit, approval, envelope)
    approval = approvals.give(unit, approval, envelope)
    return _concluded(unit, key, approval) if approval.state == "GRANTED" else approval


def reject(unit: Unit, approval_id: str, reason: str) -> Approval:
    """Say no, and why."""
    approval = approvals.shown(unit, approval_id)
    return _concluded(unit, unit.ground.key, approvals.deny(unit, approval, reason))


def time_out(unit: Unit, approval_id: str) -> Approval:
    """For the timer: remind while there is time, and reject when there is none left."""
    approval = approvals.remind(unit, unit.get(Approval, approval_id))
    approval = approvals.lapse(unit, approval)
    return _concluded(unit, unit.ground.key, approval) if approval.state == "LAPSED" else approval


def _concluded(unit: Unit, key: PrivateKey, approval: Approval) -> Approval:
    """What follows from how an approval ended, for what it was about."""
    if approval.kind is Kind.TEMPLATE:
        templates.conclude(unit, approval)
    elif approval.kind is Kind.CONTROLS:
        controls.conclude(unit, approval)
    elif approval.state == "GRANTED":
        _go_on(unit, key, unit.get(Order, approval.about_id), approval)
    else:
        _reject(unit, unit.get(Order, approval.about_id), ("E_APPROVAL",), says=approval.reason)
    return approval


def _go_on(unit: Unit, key: PrivateKey, order: Order, approval: Approval) -> Order:
    trade = trade_of(unit, licensing.held_still(unit, order.licence_id))
    hold_the_budget_still(unit, trade)
    verdict = judge(unit, trade, _ask_of(order), approved=True)
    decision = verdict.decision
    if not verdict.permitted:
        return _reject(unit, order, verdict.reasons, verdict=verdict)
    approved = OrderApproved(rule_ids=decision.rule_ids, facts=decision.facts, policy_digest=decision.policy_digest)
    order = unit.record(order, approved, refs=(approval.head, trade.licence.head))
    return ticketed(unit, key, order, trade, verdict)


def _reject(
    unit: Unit, order: Order, reasons: tuple[str, ...], *, says: str = "", verdict: Verdict | None = None
) -> Order:
    rule = whole(unit.policies, RefundCase.CANCELLED_BEFORE_DELIVERY)
    settlement.release(unit, order.id, rule)
    rejected = OrderRejected(
        reasons=reasons,
        says=says,
        refund_rule=rule,
        explanation=verdict.explanation if verdict else "",
        rule_ids=verdict.decision.rule_ids if verdict else (),
        facts=verdict.decision.facts if verdict else {},
        policy_digest=verdict.decision.policy_digest if verdict else "",
    )
    return unit.record(order, rejected, refs=(order.head,))


def _ask_of(order: Order) -> OrderAsk:
    """What its buyer asked for, as the order keeps it."""
    if order.purpose is None or order.computation is None:
        raise ValueError("this order has not come so far")
    return OrderAsk(
        licence_id=order.licence_id,
        computation=order.computation,
        purpose=order.purpose,
        territory=order.territory,
        mode=order.mode,
        rho_nrho=order.rho_nrho or None,
    )
