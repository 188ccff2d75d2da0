"""An order under dispute: its money rests, then goes where the dispute says. Never decides a dispute."""

from collections.abc import Mapping

from exchange.kernel.errors import IllegalTransition
from exchange.kernel.unit import Unit, history
from exchange.orders.model import (
    Order,
    OrderDisputed,
    OrderPartiallyRefunded,
    OrderRefunded,
    OrderResolved,
    ResultDelivered,
)
from exchange.pricing.refunds import defect_share
from exchange.settlement import refunds
from exchange.settlement import service as settlement
from exchange.settlement.model import SettlementState
from policies.refunds import RefundCase, refund


def delivered_at(unit: Unit, order: Order) -> int:
    """When the answer came; what was never delivered has nothing to contest, for its money went back."""
    found = [fact.at for fact in history(unit.connection, order.id) if isinstance(fact.event, ResultDelivered)]
    if not found:
        raise IllegalTransition("nothing was delivered; there is nothing to contest")
    return found[0]


def contest(unit: Unit, order: Order, dispute_id: str) -> Order:
    """The buyer contests it: what is owed for it is not paid before the dispute ends."""
    order = unit.record(order, OrderDisputed(dispute_id=dispute_id), refs=(order.head,))
    refunds.hold_disputed(unit, order.id, dispute_id)
    return order


def resolve(unit: Unit, order: Order, refund_bp: int) -> tuple[int, Mapping[str, int]]:
    """End it as decided. Answers with what went back, and who bears how much of what it was paid."""
    refund_fen, rule = defect_share(order.price_fen, refund_bp), refund(unit.policies, RefundCase.QUALITY_DEFECT).rule
    clawed_fen = refunds.conclude_disputed(unit, order.id, order.dispute_id, refund_fen, rule)
    fact = _ending(order, refund_fen, rule)
    order = unit.record(order, fact, refs=(order.head,))
    if settlement.settlement_of(unit, order.id).state == SettlementState.ACCRUED:
        settlement.make_eligible(unit, order.id)
    return refund_fen, clawed_fen


def _ending(order: Order, refund_fen: int, rule: str) -> OrderResolved | OrderPartiallyRefunded | OrderRefunded:
    if refund_fen == 0:
        return OrderResolved(dispute_id=order.dispute_id)
    kind = OrderRefunded if refund_fen == order.price_fen else OrderPartiallyRefunded
    return kind(dispute_id=order.dispute_id, refund_rule=rule, refund_fen=refund_fen)
