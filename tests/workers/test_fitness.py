"""What was prepared anew, looked at under controls that were signed before."""

from pathlib import Path
from typing import Any

import duckdb

from tests.workers.onboarding.test_prepare import ROWS, spec, write
from workers.domain import Domain
from workers.fitness import Fitness
from workers.held import prepared


def declared(domain: Domain, folder: Path, **changes: Any) -> str:
    """The digest of the controls over the same rows, declared like this."""
    csv = write(folder, ROWS)
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY (FROM '{csv}') TO '{folder}/visits.parquet' (FORMAT parquet)")
    return str(prepared(domain, [spec(**changes)], folder)["controls_digest"])


def test_rows_prepared_anew_serve_the_controls_of_before(tmp_path: Path) -> None:
    domain = Domain.made(tmp_path / "domain")
    before, now = declared(domain, tmp_path, unit_rows_kept=2), declared(domain, tmp_path, unit_rows_kept=1)

    fitness = Fitness(domain)

    assert before != now
    assert (fitness.fits(before), fitness.fits(now)) == (True, True)


def test_rows_ranked_within_another_unit_do_not(tmp_path: Path) -> None:
    """Of one unit of before any number of rows may now be of a low rank, and the noise would be too little."""
    domain = Domain.made(tmp_path / "domain")
    before = declared(domain, tmp_path, unit_rows_kept=1)
    now = declared(domain, tmp_path, unit_rows_kept=1, unit="visit", units_of="visit")

    fitness = Fitness(domain)

    assert (fitness.fits(before), fitness.fits(now)) == (False, True)
