"""The figures of the log that need a database, on SQLite and on a PostgreSQL of their own."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import appending, trees
from bench.figures import Figure
from bench.sites import postgres_sites, sqlite_sites

FACTS = 60


def measured(folder: Path, entries: int, seconds: float) -> Iterator[tuple[str, Sequence[Figure]]]:
    """Each group of figures as it comes."""
    yield f"a log of {entries:,} entries", trees.audit_figures(folder / "audited", entries)
    on_sqlite = sqlite_sites(folder)
    yield "on SQLite", appending.batch_figures(on_sqlite.site("batches"), seconds)
    yield "on SQLite, one writer", appending.lag_figures(on_sqlite.site("lag"), FACTS)
    with postgres_sites(folder, in_memory=False) as on_postgres:
        yield "on PostgreSQL", appending.batch_figures(on_postgres.site("batches"), seconds)
        site = on_postgres.site("lag")
        yield "on PostgreSQL, one writer", appending.lag_figures(site, FACTS)
        yield "on PostgreSQL, many writers", appending.writer_figures(site, seconds)
