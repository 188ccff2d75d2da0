"""How an order ends without its answer, or after it: cancelled, lapsed, accepted, or accepted by silence."""

from exchange.authorization import approvals
from exchange.kernel.caller import Role
from exchange.kernel.errors import NotFound
from exchange.kernel.unit import Unit
from exchange.licensing import authority, stops
from exchange.orders.model import LAPSE_GRACE_S, Order, OrderCancelled, OrderCompleted, OrderLapsed, OrderStopped
from exchange.orders.views import jobs_used
from exchange.settlement import service as settlement
from policies.refunds import RefundCase, whole


def cancel(unit: Unit, order_id: str) -> Order:
    """The buyer wants no answer any more and has none yet: everything back. What may be running releases nothing."""
    order = own_order(unit, order_id)
    if order.state == "APPROVAL_PENDING":
        approvals.withdraw(unit, order.id)
    rule = whole(unit.policies, RefundCase.CANCELLED_BEFORE_DELIVERY)
    order = unit.record(order, OrderCancelled(refund_rule=rule, by=unit.caller.person_id), refs=(order.head,))
    settlement.release(unit, order.id, rule)
    return order


def stop(unit: Unit, order_id: str, ground: str) -> Order:
    """An authority stops one job: everything back, and what may be running releases nothing (R8)."""
    unit.caller.require(*authority.STOPPERS)
    order = unit.get(Order, order_id)
    rule = whole(unit.policies, RefundCase.JOB_ABORTED)
    stopped = OrderStopped(
        ground=ground, stopped_by=authority.of(unit.caller), refund_rule=rule, by=unit.caller.person_id
    )
    order = unit.record(order, stopped, refs=(order.head,))
    settlement.release(unit, order.id, rule)
    return order


def accept_result(unit: Unit, order_id: str) -> Order:
    """The buyer is content; the money becomes eligible for settlement."""
    return _complete(unit, own_order(unit, order_id))


def accept_by_silence(unit: Unit, order_id: str) -> Order:
    """For the timer: the inspection period has passed (Civil Code, art. 621)."""
    order = unit.get(Order, order_id)
    if order.state != "DELIVERED" or unit.now < order.inspection_ends_at:
        return order
    return _complete(unit, order)


def lapse(unit: Unit, order_id: str) -> Order:
    """For the timer: no receipt came in time, and the buyer gets everything back."""
    order = unit.get(Order, order_id)
    if order.state != "TICKETED" or unit.now_s < order.expires_at_s + LAPSE_GRACE_S:
        return order
    rule = whole(unit.policies, RefundCase.NOT_DELIVERED)
    settlement.release(unit, order.id, rule)
    return unit.record(order, OrderLapsed(refund_rule=rule), refs=(order.head,))


def use_up(unit: Unit, licence_id: str) -> None:
    """For the timer: see whether a licence has no job left, now that its last ticket has ended."""
    stops.exhaust(unit, licence_id, jobs_used(unit.connection, licence_id))


def own_order(unit: Unit, order_id: str) -> Order:
    """An order of the calling buyer, asked for by somebody who buys for it: a node's key is not enough."""
    order = unit.get(Order, order_id)
    if order.buyer_id != unit.caller.participant_id or Role.BUYER not in unit.caller.roles:
        raise NotFound("no such order")
    return order


def _complete(unit: Unit, order: Order) -> Order:
    order = unit.record(order, OrderCompleted(accepted_by=unit.caller.person_id), refs=(order.head,))
    settlement.make_eligible(unit, order.id)
    return order
