"""SQL answered with noise: planned, paid for, run, noised, stored. The same question again costs nothing.

The order is the point: what an answer costs is spent before a row is read, and stays spent whatever happens next.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from exchange.wire import canonical
from exchange.wire.licences import PrivacyBudget
from exchange.wire.refusals import Refusal, Refused
from exchange.wire.tickets import Ticket
from policies.disclosure import Denied, Plan, analyse, delta_e15, load_controls, release
from workers.budget import Account, Budget, Cost
from workers.computations.sql import plain
from workers.engines import Engine, EngineRefused
from workers.gate import Admitted
from workers.noise import NoiseRefused, Price
from workers.programs import Program

VERSION_DELTA_E15 = 10**9


def run(
    program: Program, admitted: Admitted, caps: PrivacyBudget, engine: Engine, budget: Budget
) -> tuple[dict[str, Any], str]:
    """The noisy answer, new or stored, and the digest of what ran.

    Raises `Refused`: NOT_DISCLOSABLE, BUDGET_SPENT, COMPUTATION_FAILED or NOTHING_RELEASABLE, whatever the cause.
    """
    ticket = admitted.proven.ticket
    try:
        controls = load_controls({"tables": admitted.tables, "k_min": ticket.k_min, "mode": "noise"})
        plan = analyse(program.text, controls, program.literals)
    except Denied:
        raise Refused(Refusal.NOT_DISCLOSABLE) from None
    cost = Cost(ticket.rho_nrho, delta_e15(plan))
    answer_id = _meaning(plan, ticket, cost)
    told = budget.stored(answer_id)
    if told is None:
        if not budget.spend(ticket.id, _accounts(ticket, _units(plan, admitted.tables), caps), cost):
            raise Refused(Refusal.BUDGET_SPENT)
        told = canonical.encode(_released(plan, ticket, cost, engine))
        budget.store(answer_id, told)
    found = canonical.decode(told)
    if not found["rows"]:
        raise Refused(Refusal.NOTHING_RELEASABLE)
    answer = {
        "columns": [one.name for one in plan.outputs],
        **found,
        "mode": plan.mode,
        "guarantee": "zCDP of a whole privacy unit: rho and delta as stated; they add up over answers",
        "k_min": ticket.k_min,
        "rho_nrho": cost.rho_nrho,
        "delta_e15": cost.delta_e15,
    }
    return answer, sha256(plan.sql.encode()).hexdigest()


def _released(plan: Plan, ticket: Ticket, cost: Cost, engine: Engine) -> dict[str, Any]:
    price = Price(cost.rho_nrho, cost.delta_e15, ticket.k_min)
    try:
        answered = engine.run(plan.sql, frozenset(plan.tables))
        released = release(plan, answered.rows, ticket.k_min, price.noised)
    except (EngineRefused, Denied, NoiseRefused):
        raise Refused(Refusal.COMPUTATION_FAILED) from None
    return {
        "rows": [[plain(cell) for cell in row] for row in released.rows],
        "intervals": [[list(one) if one else None for one in row] for row in released.intervals or ()],
    }


def _units(plan: Plan, tables: Mapping[str, Any]) -> str:
    """Whom the answer is about. Two kinds of unit do not meet in one query."""
    (kind,) = {tables[name]["units_of"] for name in plan.tables} - {None}
    return str(kind)


def _accounts(ticket: Ticket, units: str, caps: PrivacyBudget) -> list[Account]:
    """One account of all buyers together, for they may tell each other what they were told; and this buyer's own."""
    version = f"version:{ticket.controls_digest}:{units}"
    return [
        Account(version, Cost(caps.version_cap_nrho, VERSION_DELTA_E15)),
        Account(f"{version}:{ticket.buyer_id}", Cost(caps.buyer_cap_nrho, VERSION_DELTA_E15)),
    ]


def _meaning(plan: Plan, ticket: Ticket, cost: Cost) -> str:
    """What makes two questions one: meaning, data, rules, price and who asks. Never how it was written."""
    same = [
        plan.meaning_key, ticket.controls_digest, ticket.policy_digest, ticket.buyer_id, ticket.k_min, cost.rho_nrho,
        cost.delta_e15,
    ]  # fmt: skip
    return sha256(canonical.encode({"asked": same})).hexdigest()
