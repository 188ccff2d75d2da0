"""Whose data a running job may still use: looked at whenever its domain comes to a checkpoint, and at the end.

A withdrawal shrinks the job; below k individuals it is aborted and everything goes back (rulebook 3.7, S16).
"""

from collections.abc import Mapping

from exchange.consent import service as consent
from exchange.kernel.caller import Role
from exchange.kernel.errors import NotFound
from exchange.kernel.unit import Unit, history
from exchange.licensing.model import Licence
from exchange.orders.model import JobScopeReduced, Order, OrderPlaced, OrderStopped
from exchange.registration.model import Asset
from exchange.settlement import service as settlement
from policies.refunds import RefundCase, whole


def checkpoint(unit: Unit, order_id: str) -> tuple[Order, Mapping[str, int]]:
    """For the domain of a running job: whom it may use from here on. Nobody at all once the job has ended."""
    unit.caller.require(Role.NODE)
    order = unit.get(Order, order_id)
    if order.provider_id != unit.caller.participant_id:
        raise NotFound("no such order")
    return shrunk(unit, order, unit.get(Licence, order.licence_id).k_min)


def shrunk(unit: Unit, order: Order, k_min: int) -> tuple[Order, Mapping[str, int]]:
    """The job without those who have withdrawn; aborted if too few are left."""
    asset = unit.get(Asset, order.asset_id)
    if order.state != "TICKETED" or not consent.is_needed(asset):
        return order, {}
    members = _members(unit, order, asset)
    before = order.cohort
    if len(members) < before:
        reduced = JobScopeReduced(excluded=before - len(members), cohort=len(members))
        order = unit.record(order, reduced, refs=(order.head,))
    if len(members) >= k_min:
        return order, members
    rule = whole(unit.policies, RefundCase.JOB_ABORTED)
    stopped = OrderStopped(ground="E_BELOW_K", stopped_by="", refund_rule=rule, by=unit.caller.person_id)
    order = unit.record(order, stopped, refs=(order.head,))
    settlement.release(unit, order.id, rule)
    return order, {}


def _members(unit: Unit, order: Order, asset: Asset) -> Mapping[str, int]:
    """Who agreed before it was placed and still does; whoever joins later is in the next job."""
    [placed_at] = [fact.at for fact in history(unit.connection, order.id) if isinstance(fact.event, OrderPlaced)]
    purpose = order.purpose.value if order.purpose else ""
    about = {"purpose": purpose, "mode": order.mode.value, "recipient_id": order.buyer_id}
    return consent.cohort(unit, asset, **about, placed_at=placed_at)
