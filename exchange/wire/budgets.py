"""What both sides say alike of privacy budgets: which accounts an answer is charged to, and when two are the same.

Pure. The domain keeps the accounts and has the last word; the exchange mirrors what tickets and receipts say of them.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from exchange.wire import canonical
from exchange.wire.tickets import Ticket
from policies.disclosure import Plan, delta_e15

_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,40}")
RHO_MIN_NRHO = 10_000
"""Below this an answer is noise alone: of a count over one row a unit the deviation is above 220."""
VERSION_DELTA_E15 = 10**9
"""What answers may cost of delta in all: of an account, and of a buyer's share in it."""


def accounts(domain: str, tables: Mapping[str, Any], plan: Plan | None = None) -> tuple[str, ...]:
    """One account for each lineage of rows and kind of unit; all that a plan's answer is about, or all there are.

    An answer over one table is charged to every table of the asset about the same kind of unit, so that no more is told
    of one unit than of one table. Controls declared anew over the same rows carry the same lineage: the account stays.
    """
    named = tables if plan is None else plan.tables
    kinds = {tables[name].get("units_of") for name in named} - {None}
    charged = {
        f"{domain}:{lineage}:{_word(table['units_of'])}"
        for name, table in tables.items()
        if table.get("units_of") in kinds
        for lineage in table.get("lineages") or (name,)
    }
    return tuple(sorted(charged))


def _word(units_of: str) -> str:
    """A kind of unit may be called anything; a part of a name may not."""
    return units_of if _PLAIN.fullmatch(units_of) else hashlib.sha256(units_of.encode()).hexdigest()[:16]


def of_buyer(account: str, buyer_id: str) -> str:
    """One buyer's share in an account."""
    return f"{account}:{buyer_id}"


def answer_id(plan: Plan, ticket: Ticket) -> str:
    """By what name an answer is kept: what makes two questions one."""
    return asked_id(plan, ticket.controls_digest, ticket.policy_digest, ticket.buyer_id, ticket.k_min, ticket.rho_nrho)


def asked_id(plan: Plan, controls_digest: str, policy_digest: str, buyer_id: str, k_min: int, rho_nrho: int) -> str:
    """The same, before there is a ticket: numbers, data, rules, who asks and the price. Never how it was written."""
    same = [plan.numbers_key, controls_digest, policy_digest, buyer_id, k_min, rho_nrho, delta_e15(plan)]
    return hashlib.sha256(canonical.encode({"asked": same})).hexdigest()
