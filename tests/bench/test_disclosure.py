"""What `bench disclosure` measures is what the product does: tiny sizes, and no time is looked at."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from bench import answering, around, peers, reading, tpch, wards
from bench.figures import Figure, Report, interleaved_ms
from policies.disclosure import Denied, analyse


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> wards.Wards:
    return wards.wards(tmp_path_factory.mktemp("wards"), 100_000)


def test_an_answer_is_measured_with_noise_exact_and_raw(table: wards.Wards, tmp_path: Path) -> None:
    told = answering.answered_ms(tmp_path, table, rounds=2)

    assert told.keys() == {"raw", "noisy", "exact"}
    assert [one.reached is None for one in answering.figures(100_000, told)] == [True, False, False]


def test_a_ticket_goes_through_broker_queue_and_jail(tmp_path: Path) -> None:
    told = around.around_ms(tmp_path, rounds=2)

    assert told.keys() == {"jail", "through"}
    assert len(around.figures(told)) == 2


def test_all_22_queries_of_tpch_run_in_the_jail(tmp_path: Path) -> None:
    files = tpch.generated(tmp_path, "0.001")

    told = tpch.jailed_and_raw_ms(files, rounds=1)

    assert len(told) == 22
    assert len(tpch.figures("0.001", told)) == 3


def test_every_hurtful_text_gets_a_verdict_and_the_demo_is_read() -> None:
    known = reading.controls("exact")

    for make in reading.HURTFUL.values():
        for size in reading.SIZES:
            with suppress(Denied):
                analyse(make(size), known)
    assert len(reading.demo_ms(1)) == 20
    assert len(reading.figures([1.0], {"brackets": 51.0})) == 2


def test_a_peer_that_is_not_there_is_said_and_not_invented() -> None:
    (said,) = peers.figures(1_000_000, 40.0, "it could not be installed here")

    assert said.reached is None
    assert peers.figures(1_000_000, 40.0, 2_000.0)[1].reached is True


def test_ways_are_tried_in_turn() -> None:
    order: list[str] = []

    told = interleaved_ms(2, one=lambda: order.append("one"), other=lambda: order.append("other"))

    assert order == ["one", "other"] * 3
    assert told.keys() == {"one", "other"}


def test_a_report_in_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(as_json=True)
    report.add("title", [Figure("name", "1 ms", "≤ 2 ms", True)])

    report.close()

    assert json.loads(capsys.readouterr().out) == {
        "title": [{"name": "name", "measured": "1 ms", "aim": "≤ 2 ms", "reached": True}]
    }
