"""Reviewed (合规监管): what happened, opened and proven, for those who may look. Records nothing."""

import hashlib
from pathlib import Path

from exchange.access.service import EXCHANGE_ID
from exchange.audit import alerts as watch
from exchange.audit import views
from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.errors import NotFound
from exchange.kernel.unit import Opening, Unit
from exchange.licensing.model import Licence
from exchange.orders.model import Order
from exchange.wire.log_policy import LogPolicy

LOOKERS = (Role.AUDITOR, Role.REGULATOR)


def evidence(unit: Unit, order_id: str) -> dict[str, list[Opening]]:
    """The facts of an order, its licence, its money and its result, by subject: what a stranger needs to check them.

    A fact no signed checkpoint covers yet is left out; ask again.
    """
    unit.caller.require(*LOOKERS)
    order = unit.get(Order, order_id)
    children = [ids.derived(kind, order.id) for kind in ("hld", "cus", "stl")]
    # Whose keys signed what is shown: a stranger must not have to ask us for them.
    signers = (EXCHANGE_ID, order.buyer_id, ids.derived("node", order.domain))
    subjects = (order.licence_id, order.id, *children, *signers)
    return {subject: unit.story(subject) for subject in subjects}


def alerts(unit: Unit, policy: LogPolicy) -> list[watch.Alert]:
    """Everything somebody should look at now."""
    unit.caller.require(*LOOKERS, Role.COMPLIANCE)
    return watch.all_of(
        (
            watch.repeated(unit.connection, "E_PURPOSE", unit.now),
            watch.nearly_spent(unit.connection, lambda asset_id, buyer_id: _caps(unit, asset_id, buyer_id)),
            watch.overdue(unit.connection, unit.now),
            watch.unanswered(unit.connection, unit.now),
            watch.behind(unit.connection, policy, unit.now),
        )
    )


def _caps(unit: Unit, asset_id: str, buyer_id: str) -> tuple[int, int]:
    """By the newest licence that carries a budget: for all buyers, and for one."""
    for licence_id in views.licences_over(unit.connection, asset_id, buyer_id):
        budget = unit.load(Licence, licence_id).budget
        if budget is not None:
            return budget.version_cap_nrho, budget.buyer_cap_nrho
    return 0, 0


def archived_rules(folder: Path, digest: str) -> bytes:
    """The canonical content of a set of rules that was in force. A file that is not what its name says is not shown."""
    path = folder / f"{digest}.json"
    canonical = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(canonical).hexdigest() != digest:
        raise NotFound("no such set of rules is kept here")
    return canonical
