"""A whole answer in the domain, with noise and exact, beside the buyer's own text in a warm DuckDB on the same file."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import duckdb

from bench.admitting import BUDGET, Gate
from bench.figures import Figure, interleaved_ms
from bench.wards import ASKED, Wards
from workers.budget import Budget
from workers.computations import noisy, sql
from workers.engines import Limits
from workers.engines.duckdb import DuckDb
from workers.programs import Program
from workers.statefile import StateFile

LIMITS = Limits(wall_s=60, cpu_s=120, memory_bytes=2**31, output_bytes=2**19, rows_max=10_000)
FLOORS = sql.Floors(k_min=10, dominance_bp_max=7_000)
MORE_MS = 25
NOISY_RATIO, EXACT_RATIO = 1.5, 2.0


def answered_ms(folder: Path, asked_of: Wards, rounds: int) -> Mapping[str, float]:
    """Medians of rounds in which each way is tried once: whole noisy, whole exact, raw."""
    gate = Gate(asked_of.tables)
    with ExitStack() as stack:
        engine = stack.enter_context(DuckDb({"visits": asked_of.file}, LIMITS))
        warm = stack.enter_context(duckdb.connect(":memory:"))
        warm.execute(f"CREATE VIEW visits AS FROM read_parquet('{asked_of.file}')")
        budget = Budget(StateFile(folder / "budget.db"))
        return interleaved_ms(
            rounds,
            raw=lambda: warm.execute(ASKED).fetchall(),
            noisy=lambda: noisy.run(Program(ASKED, False), gate.admitted(ASKED), BUDGET, engine, budget),
            exact=lambda: sql.run(Program(ASKED, True), asked_of.tables, FLOORS, engine),
        )


def figures(rows: int, told: Mapping[str, float]) -> list[Figure]:
    raw = told["raw"]
    lines = [Figure(f"{rows:,} rows: raw, warm DuckDB", f"{raw:.1f} ms")]
    for name, ratio in (("noisy", NOISY_RATIO), ("exact", EXACT_RATIO)):
        measured, most = told[name], ratio * raw + MORE_MS
        lines.append(
            Figure(
                f"  {name}: planned, {'paid for, ' if name == 'noisy' else ''}jailed, released",
                f"{measured:.1f} ms, {measured / raw:.2f} × raw",
                f"≤ {ratio} × raw + {MORE_MS} ms = {most:.1f}",
                measured <= most,
            )
        )
    return lines
