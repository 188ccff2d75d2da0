"""TPC-H's 22 queries in the jail beside a warm DuckDB over the same files: what confinement costs where SQL is trusted.

No rule of disclosure is asked here: the texts are ours. The data come from the benchmark's own generator.
"""

import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import duckdb

from bench.figures import Figure, interleaved_ms
from workers.engines import Limits
from workers.engines.duckdb import DuckDb

TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
RATIO = 1.3
LIMITS = Limits(wall_s=120, cpu_s=240, memory_bytes=6 * 2**30, output_bytes=2**24, rows_max=100_000)
_QUERIES = Path(__file__).with_suffix(".sql")


def queries() -> list[str]:
    lines = [line for line in _QUERIES.read_text().splitlines() if not line.startswith("--")]
    return [text.strip() for text in "\n".join(lines).split(";") if text.strip()]


def generated(folder: Path, scale: str) -> dict[str, Path]:
    """The eight tables at a scale factor, one Parquet file each."""
    tool = Path(sys.executable).with_name("tpchgen-cli")
    words = [str(tool), "parquet", "-s", scale, f"--output-dir={folder}"]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, capture_output=True)  # noqa: S603 - our own tool
    return {table: folder / f"{table}.parquet" for table in TABLES}


def jailed_and_raw_ms(files: Mapping[str, Path], rounds: int) -> list[Mapping[str, float]]:
    """Of each query the medians, raw and jailed, tried in turn."""
    with ExitStack() as stack:
        engine = stack.enter_context(DuckDb(files, LIMITS))
        warm = stack.enter_context(duckdb.connect(":memory:"))
        warm.execute("SET parquet_metadata_cache = true")
        for table, file in files.items():
            warm.execute(f"CREATE VIEW {table} AS FROM read_parquet('{file}')")

        def timed(text: str) -> Mapping[str, float]:
            return interleaved_ms(
                rounds,
                raw=lambda: warm.execute(text).fetchall(),
                jailed=lambda: engine.run(text, frozenset(files)),
            )

        return [timed(text) for text in queries()]


def figures(scale: str, told: list[Mapping[str, float]]) -> list[Figure]:
    raw, jailed = (sum(one[way] for one in told) for way in ("raw", "jailed"))
    worst = max(range(len(told)), key=lambda place: told[place]["jailed"] / told[place]["raw"])
    return [
        Figure(f"SF {scale}, 22 queries raw, warm DuckDB (sum of medians)", f"{raw:.0f} ms"),
        Figure(
            "  in the jail", f"{jailed:.0f} ms, {jailed / raw:.2f} × raw", f"≤ {RATIO} × raw", jailed <= RATIO * raw
        ),
        Figure(
            "  the most by ratio",
            f"Q{worst + 1}: {told[worst]['jailed']:.0f} ms, {told[worst]['jailed'] / told[worst]['raw']:.2f} × raw",
        ),
    ]
