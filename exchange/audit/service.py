"""Reviewed (合规监管): everything that happened to one order, opened and proven, for those who may look."""

from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.unit import Opening, Unit
from exchange.orders.model import Order


def evidence(unit: Unit, order_id: str) -> dict[str, list[Opening]]:
    """The facts of an order, its licence, its money and its result, by subject: what a stranger needs to check them.

    A fact no signed checkpoint covers yet is left out; ask again.
    """
    unit.caller.require(Role.AUDITOR, Role.REGULATOR)
    order = unit.get(Order, order_id)
    children = [ids.derived(kind, order.id) for kind in ("hld", "cus", "stl")]
    subjects = (order.licence_id, order.id, *children)
    return {subject: unit.story(subject) for subject in subjects}
