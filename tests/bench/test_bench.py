"""The measuring measures: tiny sizes, and nothing is said of how long anything took."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from bench import figures, intake, jailed, market, trips


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[market.Market]:
    with market.opened(tmp_path_factory.mktemp("bench")) as running:
        yield running


def test_every_stage_of_a_trip_is_seen_and_the_stages_make_the_whole(opened: market.Market) -> None:
    measured = trips.trips(opened, 2)

    assert len(measured) == 2
    assert all(min(one.answer_ms, one.logged_ms, one.computed_ms, one.received_ms) >= 0 for one in measured)
    assert len(trips.figures(measured)) == 6


def test_what_the_api_accepts_is_counted(opened: market.Market) -> None:
    assert intake.orders_per_s(opened, seconds=0.2, clients=2) > 0


def test_a_disk_is_measured_beside_it(tmp_path: Path) -> None:
    assert intake.commits_per_s(tmp_path, 0.05) > 0
    assert intake.syncs_per_s(tmp_path, 0.05) > 0


def test_every_query_is_measured_jailed_rewritten_and_raw(tmp_path: Path) -> None:
    measured = jailed.jailed_and_raw(tmp_path, rows=2_000, rounds=1)

    assert measured.keys() == jailed.QUERIES.keys()
    assert len(jailed.figures(measured)) == 3 * len(jailed.QUERIES)


def test_a_percentile_is_a_measured_value() -> None:
    assert [figures.percentile([4.0, 1.0, 3.0, 2.0], percent) for percent in (1, 50, 99)] == [1.0, 2.0, 4.0]


def test_a_missed_aim_is_shown_as_missed() -> None:
    console = Console(record=True, width=120, force_terminal=False)

    figures.show(console, "title", [figures.Figure("orders", "9/s", "≥ 10/s", False)])

    assert "missed" in console.export_text()
