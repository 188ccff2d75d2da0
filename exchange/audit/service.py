"""Reviewed (合规监管): what happened, opened and proven, for those who may look. Records nothing."""

import hashlib
from pathlib import Path

from exchange.audit import views
from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.errors import NotFound
from exchange.kernel.unit import Opening, Unit
from exchange.orders.model import Order

LOOKERS = (Role.AUDITOR, Role.REGULATOR)
DAY_US = 86_400 * 1_000_000
PURPOSE_REFUSALS, PURPOSE_WINDOW_US = 3, 30 * DAY_US
"""So many uses outside the purposes of a licence within so long, and somebody should look (rulebook, S02)."""


def evidence(unit: Unit, order_id: str) -> dict[str, list[Opening]]:
    """The facts of an order, its licence, its money and its result, by subject: what a stranger needs to check them.

    A fact no signed checkpoint covers yet is left out; ask again.
    """
    unit.caller.require(*LOOKERS)
    order = unit.get(Order, order_id)
    children = [ids.derived(kind, order.id) for kind in ("hld", "cus", "stl")]
    subjects = (order.licence_id, order.id, *children)
    return {subject: unit.story(subject) for subject in subjects}


def purpose_alerts(unit: Unit) -> list[views.PurposeAlert]:
    """Buyers who keep asking for purposes their licences do not name."""
    unit.caller.require(*LOOKERS, Role.COMPLIANCE)
    return views.repeated(unit.connection, "E_PURPOSE", since=unit.now - PURPOSE_WINDOW_US, times=PURPOSE_REFUSALS)


def archived_rules(folder: Path, digest: str) -> bytes:
    """The canonical content of a set of rules that was in force. A file that is not what its name says is not shown."""
    path = folder / f"{digest}.json"
    canonical = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(canonical).hexdigest() != digest:
        raise NotFound("no such set of rules is kept here")
    return canonical
