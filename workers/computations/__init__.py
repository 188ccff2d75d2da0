"""Every kind of computation there is, and what runs it. The match is closed: an unknown kind is refused."""

from typing import Any

from exchange.wire.computations import SqlQuery, TemplateRun
from exchange.wire.refusals import Refusal, Refused
from workers.budget import Budget
from workers.computations import noisy, sql
from workers.engines import Engine
from workers.gate import Admitted


def run(admitted: Admitted, engine: Engine, budget: Budget) -> tuple[dict[str, Any], str]:
    """The released answer and the digest of what ran. Raises `Refused`."""
    ticket, program = admitted.proven.ticket, admitted.program
    match ticket.computation:
        case SqlQuery() | TemplateRun():
            caps = admitted.proven.licence.budget
            if caps is not None and not program.exact:
                return noisy.run(program, admitted, caps, engine, budget)
            return sql.run(program, admitted.tables, sql.Floors(ticket.k_min, ticket.dominance_bp_max), engine)
        case _:
            raise Refused(Refusal.COMPUTATION_FAILED)
