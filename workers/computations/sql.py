"""SQL over this domain's tables. The buyer's text is never executed: what our own analyser writes of it runs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any
from unicodedata import normalize

from exchange.wire.canonical import INTEGER_MAX
from exchange.wire.refusals import Refusal, Refused
from policies.disclosure import Denied, Plan, analyse, load_controls, release
from workers.engines import Answered, Cell, Engine, EngineRefused
from workers.programs import Program


@dataclass(frozen=True, slots=True)
class Floors:
    """Over how many privacy units an exact answer must be, and how much of a sum one of them may hold."""

    k_min: int
    dominance_bp_max: int


def run(program: Program, tables: Mapping[str, Any], floors: Floors, engine: Engine) -> tuple[dict[str, Any], str]:
    """Plan by the domain's own copy of the rules, run in the jail, release.

    Raises `Refused`: NOT_DISCLOSABLE, COMPUTATION_FAILED or NOTHING_RELEASABLE, whatever the cause.
    """
    try:
        controls = load_controls({"tables": tables, "mode": "exact", **asdict(floors)})
        plan = analyse(program.text, controls, program.literals)
    except Denied:
        raise Refused(Refusal.NOT_DISCLOSABLE) from None
    try:
        answered = asked(engine, plan)
        released = release(plan, answered.rows, floors.k_min)
    except (EngineRefused, Denied):
        raise Refused(Refusal.COMPUTATION_FAILED) from None
    if not released.rows:
        raise Refused(Refusal.NOTHING_RELEASABLE)
    answer = {
        "columns": list(released.columns),
        "rows": [[plain(cell) for cell in row] for row in released.rows],
        "mode": plan.mode,
        "guarantee": "none: exact answers over at least k privacy units",
        "k_min": floors.k_min,
        "suppressed_cells": released.suppressed_cells,
    }
    return answer, sha256(plan.sql.encode()).hexdigest()


def asked(engine: Engine, plan: Plan) -> Answered:
    """The unreleased rows of a plan, in the text the engine wants it in."""
    tables = frozenset(plan.tables)
    return engine.run(plan.portable if engine.portable(tables) else plan.sql, tables)


def plain(cell: Cell) -> Cell:
    """A cell that has a canonical form: whether a ticket fails must not hang on how a value happens to be spelt."""
    if isinstance(cell, str):
        return normalize("NFC", cell)
    return str(cell) if isinstance(cell, int) and abs(cell) > INTEGER_MAX else cell
