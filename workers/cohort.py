"""Whose records a job may use, where a table is about individuals: only those whose consent holds at its checkpoint.

The exchange knows pseudonyms, the domain alone knows who bears them. Whoever is not in both lists is not in the job.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Self

from exchange.wire.refusals import Refusal, Refused
from workers.engines import Answered, Engine, EngineCode, EngineRefused
from workers.gate import Admitted

Roster = Callable[[], Mapping[str, Mapping[str, str]]]
"""Table → pseudonym → the value of the table's privacy unit. Kept in the domain's folder, told to nobody."""
Checkpoint = Callable[[str], Sequence[str]]
"""Asks the exchange, by order, whom a running job may use from here on."""


@dataclass(frozen=True, slots=True)
class Cohorts:
    """Narrows an engine to the individuals of one job, before anything is computed."""

    roster: Roster
    checkpoint: Checkpoint

    def narrowed(self, engine: Engine, admitted: Admitted) -> Engine:
        """The engine as the job may use it. Raises `Refused` when too few have agreed, or nobody is known here."""
        ticket = admitted.proven.ticket
        known = self.roster()
        if not ticket.cohort:
            # Whom this domain enrolled is asked for consent, whatever the exchange took the data for.
            if known.keys() & admitted.tables.keys():
                raise Refused(Refusal.CONSENT_ENDED)
            return engine
        agreed = set(self.checkpoint(ticket.order_id))
        units = {table: sorted(names[one] for one in agreed & names.keys()) for table, names in known.items()}
        protected = {name: str(table["unit"]) for name, table in admitted.tables.items() if table.get("unit")}
        if any(len(units.get(table, ())) < ticket.k_min for table in protected):
            raise Refused(Refusal.CONSENT_ENDED)
        return Narrowed(engine, {name: (column, units[name]) for name, column in protected.items()})


@dataclass(frozen=True, slots=True)
class Narrowed:
    """An engine in which a table holds the rows of some units only. What it is asked is a query of our own analyser."""

    engine: Engine
    only: Mapping[str, tuple[str, Sequence[str]]]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """The engine is closed by whoever opened it."""

    def portable(self, tables: AbstractSet[str]) -> bool:
        return self.engine.portable(tables)

    def run(self, sql: str, tables: AbstractSet[str]) -> Answered:
        if self.engine.portable(tables) or "main." in sql.lower() or '"main"' in sql.lower():
            # Our analyser names no schema; a query that did would see past what is laid over the tables here.
            raise EngineRefused(EngineCode.FAILED)
        laid = ", ".join(_view(name, *self.only[name]) for name in sorted(tables) if name in self.only)
        if not laid:
            return self.engine.run(sql, tables)
        follows = f", {sql[5:]}" if sql.upper().startswith("WITH ") else f" {sql}"
        return self.engine.run(f"WITH {laid}{follows}", tables)


def _view(table: str, column: str, units: Sequence[Any]) -> str:
    values = ", ".join("'" + str(unit).replace("'", "''") + "'" for unit in units)
    rows = f'SELECT * FROM main."{table}" WHERE CAST("{column}" AS VARCHAR) IN ({values})'  # noqa: S608 - declared names
    return f'"{table}" AS ({rows})'


def _nobody(_: str) -> Sequence[str]:
    return ()


NOBODY = Cohorts(dict, _nobody)
"""For a domain that holds nothing about individuals: a job about some is refused."""
