"""SQL answered with noise: planned, paid for, run, noised, stored. The same question again costs nothing.

The order is the point: what an answer costs is spent before a row is read, and stays spent whatever happens next.
What is stored are the noisy numbers: whatever else is made of them, in another order or with other arithmetic, is free.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from hashlib import sha256
from typing import Any

from exchange.wire import canonical
from exchange.wire.budgets import VERSION_DELTA_E15, accounts, answer_id, of_buyer
from exchange.wire.licences import PrivacyBudget
from exchange.wire.refusals import Refusal, Refused
from exchange.wire.tickets import Ticket
from policies.disclosure import Denied, Noisy, Plan, Released, analyse, delta_e15, filled, load_controls, release
from policies.disclosure.plan import Post
from workers.budget import Account, Budget, Cost
from workers.computations.sql import asked, plain
from workers.engines import Engine, EngineRefused
from workers.gate import Admitted
from workers.noise import NoiseRefused, Price
from workers.programs import Program


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
    # Of a cohort nothing is kept: the next job is about others, and who took consent back is in no answer after that.
    kept = None if ticket.cohort else answer_id(plan, ticket)
    told = budget.stored(kept) if kept else None
    if told is None:
        if not budget.spend(ticket.id, _accounts(ticket, admitted.tables, plan, caps), cost):
            raise Refused(Refusal.BUDGET_SPENT)
        told = canonical.encode(_drawn(plan, ticket, cost, engine))
        if kept:
            budget.store(kept, told)
    released = _released(plan, canonical.decode(told), ticket.k_min)
    if not released.rows:
        raise Refused(Refusal.NOTHING_RELEASABLE)
    answer = {
        "columns": list(released.columns),
        "rows": [[plain(cell) for cell in row] for row in released.rows],
        "intervals": [[list(one) if one else None for one in row] for row in released.intervals or ()],
        "mode": plan.mode,
        "guarantee": "zCDP of a whole privacy unit: rho and delta as stated; they add up over answers",
        "k_min": ticket.k_min,
        "rho_nrho": cost.rho_nrho,
        "delta_e15": cost.delta_e15,
    }
    return answer, sha256(plan.sql.encode()).hexdigest()


def _drawn(plan: Plan, ticket: Ticket, cost: Cost, engine: Engine) -> dict[str, Any]:
    """The keys that may be told of and their noisy numbers, as they are stored."""
    price, drawn = Price(cost.rho_nrho, cost.delta_e15, ticket.k_min), list[Noisy]()

    def once(post: Post, groups: Sequence[Sequence[int]]) -> Noisy:
        drawn.append(price.noised(post, groups))
        return drawn[0]

    try:
        rows = filled(plan.post, asked(engine, plan).rows)
        # Each row is held to the plan's shape on the way.
        release(plan, rows, ticket.k_min, once)
    except (EngineRefused, Denied, NoiseRefused):
        raise Refused(Refusal.COMPUTATION_FAILED) from None
    (noisy,), width = drawn, len(plan.post.keys)
    return {
        "rows": [
            [*(plain(key) for key in rows[place][:width]), *(str(cell) for cell in cells)]
            for place, cells in noisy.groups.items()
        ],
        "spreads": [str(Fraction(one)) for one in noisy.spreads],
    }


def _released(plan: Plan, numbers: dict[str, Any], k_min: int) -> Released:
    """What this plan makes of stored numbers."""
    width, nothing = len(plan.post.keys), [0] * len(plan.post.measures)
    cells = {place: tuple(int(cell) for cell in row[width:]) for place, row in enumerate(numbers["rows"])}
    noisy = Noisy(cells, tuple(Fraction(one) for one in numbers["spreads"]))
    try:
        return release(plan, [[*row[:width], *nothing] for row in numbers["rows"]], k_min, lambda _post, _groups: noisy)
    except Denied:
        raise Refused(Refusal.COMPUTATION_FAILED) from None


def _accounts(ticket: Ticket, tables: Mapping[str, Any], plan: Plan, caps: PrivacyBudget) -> list[Account]:
    """Each account of all buyers together, for they may tell each other what they were told; and this buyer's own."""
    version, buyer = (Cost(cap, VERSION_DELTA_E15) for cap in (caps.version_cap_nrho, caps.buyer_cap_nrho))
    charged = accounts(ticket.domain, tables, plan)
    return [
        *(Account(one, version) for one in charged),
        *(Account(of_buyer(one, ticket.buyer_id), buyer) for one in charged),
    ]
