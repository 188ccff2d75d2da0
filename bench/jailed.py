"""What the calculus and the jail cost: a query as a domain runs it, beside the buyer's own text in a warm DuckDB."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import duckdb

from bench.figures import Figure, percentile
from policies.disclosure import Column, analyse, load_controls
from workers.assets import AssetSpec, controlled
from workers.computations import sql
from workers.engines import Limits
from workers.engines.duckdb import DuckDb
from workers.onboarding import prepare
from workers.programs import Program

AIM_MORE_MS = 30
FLOORS = sql.Floors(k_min=10, dominance_bp_max=7_000)
LIMITS = Limits(wall_s=30, cpu_s=30, memory_bytes=2**31, output_bytes=2**19, rows_max=10_000)
QUERIES: Mapping[str, str] = {
    "GROUP BY": "SELECT ward, count(*) AS visits, sum(cost) AS spent FROM visits GROUP BY ward",
    "with FILTER": "SELECT ward, count(*) AS visits, count(*) FILTER (WHERE night) AS nights FROM visits GROUP BY ward",
}
VISITS = AssetSpec(
    table="visits",
    unit="person",
    units_of="person",
    key=(("visit",),),
    columns={
        "visit": Column.model_validate({"type": "int", "uses": ["join"], "not_null": True}),
        "person": Column.model_validate({"type": "int", "uses": ["join"], "not_null": True}),
        "ward": Column.model_validate({"type": "int", "uses": ["group"], "bounds": (0, 9), "not_null": True}),
        "night": Column.model_validate({"type": "bool", "uses": ["filter"], "not_null": True}),
        "cost": Column.model_validate({"type": "int", "uses": ["aggregate"], "bounds": (0, 999), "not_null": True}),
    },
)
_ROWS = (
    "SELECT i AS visit, i // 4 AS person, (i // 4 * 7919) % 10 AS ward, i % 3 = 0 AS night, i * 31 % 1000 AS cost "
    "FROM range({rows}) r(i)"
)


def jailed_and_raw(folder: Path, rows: int, rounds: int) -> dict[str, tuple[float, float, float]]:
    """Of each query the median in milliseconds: as a domain runs it, what was rewritten warm, its own text warm."""
    source = folder / "source.parquet"
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY ({_ROWS.format(rows=rows)}) TO '{source}'")
    profile = prepare(source, VISITS, folder / "data")
    data = folder / "data" / "visits.parquet"
    tables = {"visits": controlled(VISITS, profile).model_dump(mode="json")}
    controls = load_controls({"tables": tables, "mode": "exact", **asdict(FLOORS)})
    with DuckDb({"visits": data}, LIMITS) as engine, duckdb.connect(":memory:") as warm:
        warm.execute(f"CREATE VIEW visits AS FROM read_parquet('{data}')")

        def timed(text: str) -> tuple[float, float, float]:
            rewritten = analyse(text, controls).sql
            return (
                _median_ms(lambda: sql.run(Program(text, True), tables, FLOORS, engine), rounds),
                _median_ms(lambda: warm.execute(rewritten).fetchall(), rounds),
                _median_ms(lambda: warm.execute(text).fetchall(), rounds),
            )

        return {name: timed(text) for name, text in QUERIES.items()}


def figures(measured: dict[str, tuple[float, float, float]]) -> list[Figure]:
    return [
        line
        for name, (jailed, rewritten, raw) in measured.items()
        for line in (
            Figure(
                f"{name}: planned, jailed, released",
                f"{jailed:.0f} ms, {jailed / raw:.1f} × raw",
                f"≤ raw + {AIM_MORE_MS} ms",
                jailed <= raw + AIM_MORE_MS,
            ),
            Figure("  peer: the buyer's own text, warm DuckDB", f"{raw:.0f} ms"),
            Figure("  the rewritten query, warm DuckDB", f"{rewritten:.0f} ms"),
        )
    ]


def _median_ms(does: Callable[[], object], rounds: int) -> float:
    does()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        does()
        times.append(1e3 * (time.perf_counter() - began))
    return percentile(times, 50)
