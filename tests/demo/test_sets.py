"""The demo's data is real, keeps its declarations, and its questions get the verdicts the demo promises."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from demo.queries import ANSWERED, REFUSED, DemoQuery
from demo.sets import SPECS, write_sources
from policies.disclosure import Controls, Denied, analyse, release
from workers.assets import Profile, controlled
from workers.engines import Engine, Limits
from workers.engines.duckdb import DuckDb
from workers.onboarding import prepare

LIMITS = Limits(wall_s=10, cpu_s=10, memory_bytes=1 << 30, output_bytes=1 << 20, rows_max=1000)
K_MIN = 10


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, dict[str, Profile]]]:
    home = tmp_path_factory.mktemp("demo")
    told: dict[str, dict[str, Profile]] = {}
    for domain, spec in SPECS.items():
        sources = write_sources(domain, home / "sources" / domain)
        told[domain] = {table.table: prepare(sources[table.table], table, home / domain) for table in spec.tables}
    return home, told


@pytest.fixture(scope="module")
def engines(profiles: tuple[Path, Mapping[str, dict[str, Profile]]]) -> Iterator[Mapping[str, Engine]]:
    home, told = profiles
    opened = {
        domain: DuckDb({table: home / domain / f"{table}.parquet" for table in tables}, LIMITS)
        for domain, tables in told.items()
    }
    for engine in opened.values():
        engine.__enter__()
    yield opened
    for engine in opened.values():
        engine.__exit__()


def _controls(domain: str, told: Mapping[str, dict[str, Profile]]) -> Controls:
    tables = {spec.table: controlled(spec, told[domain][spec.table]) for spec in SPECS[domain].tables}
    return Controls(tables=tables, k_min=K_MIN, mode="exact")


def test_the_sets_are_whole(profiles: tuple[Path, Mapping[str, dict[str, Profile]]]) -> None:
    rows = {table: profile.rows for tables in profiles[1].values() for table, profile in tables.items()}

    assert rows == {
        "people": 5912, "care_years": 20190, "readings": 17520, "loans": 10000, "flights": 336776, "planes": 3322,
        "airports": 1458, "weather": 26112,
    }  # fmt: skip


def test_every_set_names_its_origin_and_its_terms() -> None:
    for spec in SPECS.values():
        assert spec.origin
        assert spec.licence
        assert spec.title_zh
        assert spec.grade == "G2"


@pytest.mark.parametrize("query", ANSWERED, ids=[query.title for query in ANSWERED])
def test_a_demo_question_is_answered(
    query: DemoQuery, profiles: tuple[Path, Mapping[str, dict[str, Profile]]], engines: Mapping[str, Engine]
) -> None:
    plan = analyse(query.sql, _controls(query.domain, profiles[1]))

    released = release(plan, engines[query.domain].run(plan.sql, frozenset(plan.tables)).rows, K_MIN)

    assert released.rows
    assert not any(isinstance(cell, float) for row in released.rows for cell in row)


@pytest.mark.parametrize("query", REFUSED, ids=[query.title for query in REFUSED])
def test_a_demo_question_is_refused_by_its_rule(
    query: DemoQuery, profiles: tuple[Path, Mapping[str, dict[str, Profile]]]
) -> None:
    with pytest.raises(Denied) as denied:
        analyse(query.sql, _controls(query.domain, profiles[1]))
    assert denied.value.rule == query.refused_by
