"""Three real tables behind the jail, as a buyer meets them in exact mode, beside what is true of them.

The attackers ask through `Desk`; the truth is read past the rules, only to keep the score.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from demo.sets import SPECS, write_sources
from policies.disclosure import Denied, Released, analyse, load_controls, release
from workers.assets import controlled
from workers.engines import Limits
from workers.engines.duckdb import DuckDb
from workers.onboarding import prepare

K = 5
DOMINANCE_BP_MAX = 7_000
LIMITS = Limits(wall_s=20, cpu_s=20, memory_bytes=1 << 30, output_bytes=1 << 20, rows_max=5_000)


@dataclass(slots=True)
class Desk:
    """One domain's data under the floors of grade G2."""

    engine: DuckDb
    tables: dict[str, Any]
    truth: duckdb.DuckDBPyConnection
    asked: int = 0
    refused: list[str] = field(default_factory=list)

    def ask(self, sql: str) -> Released | None:
        """The answer, or None where the rules refuse the question."""
        self.asked += 1
        try:
            plan = analyse(
                sql, load_controls({"tables": self.tables, "k_min": K, "dominance_bp_max": DOMINANCE_BP_MAX})
            )
            return release(plan, self.engine.run(plan.sql, frozenset(plan.tables)).rows, K)
        except Denied as denied:
            self.refused.append(denied.rule)
            return None

    def number(self, sql: str) -> float | None:
        """The one number of a one-cell answer."""
        answer = self.ask(sql)
        cell = answer.rows[0][-1] if answer is not None and answer.rows else None
        return None if cell is None else float(cell)

    def true(self, sql: str) -> list[tuple[Any, ...]]:
        return self.truth.execute(sql).fetchall()


def opened(domain: str, home: Path) -> Desk:
    """A domain of the demo, prepared as a provider does it. The caller closes its engine."""
    home.chmod(0o755)
    sources = write_sources(domain, home / "sources")
    specs = SPECS[domain].tables
    profiles = {spec.table: prepare(sources[spec.table], spec, home / "data") for spec in specs}
    files = {spec.table: home / "data" / f"{spec.table}.parquet" for spec in specs}
    truth = duckdb.connect()
    for table, file in files.items():
        truth.execute(f"CREATE VIEW {table} AS FROM read_parquet('{file}')")
    engine = DuckDb(files, LIMITS)
    engine.__enter__()
    tables = {spec.table: controlled(spec, profiles[spec.table]).model_dump(mode="json") for spec in specs}
    return Desk(engine, tables, truth)


def score(attack: str, table: str, hits: Sequence[bool], blind: float) -> float:
    """Print how often the attack was right, beside somebody who guesses without asking."""
    success = sum(hits) / len(hits)
    print(f"{attack} on {table}: success {success:.2f} of {len(hits)}, blind {blind:.2f}")
    return success


NOT_STOPPED = 0.9
"""From here on docs/security.md calls an attack not stopped by exact mode: whoever stops one changes that page."""


def text(value: object) -> str:
    """A value as a literal."""
    return str(value) if isinstance(value, int | bool) else "'" + str(value).replace("'", "''") + "'"
