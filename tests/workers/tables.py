"""Two small Parquet tables, and limits a test can reach."""

from pathlib import Path

import duckdb

from workers.engines import Limits

LIMITS = Limits(wall_s=2, cpu_s=2, memory_bytes=768 * 1024 * 1024, output_bytes=1_000_000, rows_max=1000)


def write_tables(folder: Path) -> dict[str, Path]:
    """`visits` (1,000 rows over 100 people) and `salaries`, which most tests must not be able to read."""
    visits, salaries = folder / "visits.parquet", folder / "salaries.parquet"
    with duckdb.connect(":memory:") as connection:
        rows = "SELECT i AS visit, i % 100 AS person, i % 7 AS ward, i * 1.5::DOUBLE AS cost FROM range(1000) r(i)"
        connection.execute(f"COPY ({rows}) TO '{visits}'")
        connection.execute(f"COPY (SELECT i AS person, 'secret-' || i AS salary FROM range(100) r(i)) TO '{salaries}'")
    visits.chmod(0o600)
    salaries.chmod(0o600)
    return {"visits": visits, "salaries": salaries}
