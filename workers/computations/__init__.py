"""Every kind of computation there is, and what runs it. The match is closed: an unknown kind is refused."""

from typing import Any

from exchange.wire.computations import SqlQuery
from exchange.wire.refusals import Refusal, Refused
from workers.budget import Budget
from workers.computations import noisy, sql
from workers.engines import Engine
from workers.gate import Admitted


def run(admitted: Admitted, engine: Engine, budget: Budget) -> tuple[dict[str, Any], str]:
    """The released answer and the digest of what ran. Raises `Refused`."""
    ticket = admitted.proven.ticket
    match ticket.computation:
        case SqlQuery(sql=text) if admitted.proven.licence.budget is not None:
            return noisy.run(text, admitted, admitted.proven.licence.budget, engine, budget)
        case SqlQuery(sql=text):
            return sql.run(text, admitted.tables, sql.Floors(ticket.k_min, ticket.dominance_bp_max), engine)
        case _:
            raise Refused(Refusal.COMPUTATION_FAILED)
