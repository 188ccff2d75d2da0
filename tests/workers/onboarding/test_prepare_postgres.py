"""Onboarding inside the provider's own PostgreSQL: what does not keep its declaration changes nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from policies.disclosure import Column
from tests.workers.database import Database, made
from tests.workers.onboarding.test_prepare import ROWS, spec
from tests.workers.onboarding.test_prepare import prepared as prepared_as_file
from workers.assets import Profile
from workers.domain import Domain
from workers.fitness import Fitness
from workers.held import CONNINFO, OWNER
from workers.held import prepared as held_of
from workers.onboarding import OnboardingCode, OnboardingRefused
from workers.onboarding_postgres import prepare

SOURCE = "public.visits"


@pytest.fixture(scope="module")
def database(pg_market_url: str) -> Database:
    return made(pg_market_url)


@pytest.fixture
def source(database: Database) -> Iterator[Database]:
    """The rows of the file's tests, as a table of the provider's."""
    rows = ", ".join(f"({', '.join(_literal(cell) for cell in row.split(','))})" for row in ROWS)
    database.told(
        "CREATE TABLE visits (visit int, person int, cost numeric, seen_on date, urgent boolean, name text)",
        f"INSERT INTO visits VALUES {rows}",
    )
    yield database
    database.told("DROP TABLE visits", "DROP SCHEMA IF EXISTS dx CASCADE")


def _literal(cell: str) -> str:
    return f"'{cell}'" if cell else "NULL"


def prepared(database: Database, **changes: Any) -> Profile:
    return prepare(database.owner, SOURCE, spec(**changes), database.reader)


def rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.reader) as connection:
        return connection.execute(sql.encode()).fetchall()


def test_it_tells_what_is_told_of_the_same_rows_in_a_file(source: Database, tmp_path: Path) -> None:
    here, there = prepared(source), prepared_as_file(tmp_path, ROWS, spec())

    own = {"fingerprint": "", "lineages": ()}  # Of a table in a database the budget is kept by its name.
    assert here.model_copy(update=own) == there.model_copy(update=own)
    assert len(here.fingerprint) == 64


def test_each_units_rows_are_ranked_and_nothing_undeclared_is_there(source: Database) -> None:
    prepared(source)

    assert rows(source, "SELECT person, _r FROM dx.visits ORDER BY 1, 2") == [(7, 1), (7, 2), (7, 3), (8, 1), (9, 1)]
    with pytest.raises(psycopg.errors.UndefinedColumn):
        rows(source, "SELECT name FROM dx.visits")


def test_what_changes_in_the_source_afterwards_is_another_version(source: Database) -> None:
    first = prepared(source)
    source.told("DELETE FROM visits WHERE person = 7")

    assert rows(source, "SELECT count(*) FROM dx.visits") == [(5,)]
    assert prepared(source).fingerprint != first.fingerprint
    assert rows(source, "SELECT count(*) FROM dx.visits") == [(2,)]


@pytest.mark.parametrize(
    ("broken", "code", "column"),
    [
        ("UPDATE visits SET cost = 101 WHERE visit = 3", OnboardingCode.BOUNDS, "cost"),
        ("UPDATE visits SET cost = 'NaN' WHERE visit = 3", OnboardingCode.TYPE, "cost"),
        ("UPDATE visits SET person = NULL WHERE visit = 3", OnboardingCode.UNIT_NULL, "person"),
        ("UPDATE visits SET seen_on = NULL WHERE visit = 3", OnboardingCode.NULLS, "seen_on"),
        ("UPDATE visits SET visit = 1", OnboardingCode.KEY, "visit"),
        ("TRUNCATE visits", OnboardingCode.EMPTY, None),
        ("ALTER TABLE visits DROP COLUMN urgent", OnboardingCode.COLUMN_MISSING, "urgent"),
        ("ALTER TABLE visits ALTER COLUMN urgent TYPE text", OnboardingCode.TYPE, "urgent"),
        ("DROP TABLE visits; CREATE TABLE visits ()", OnboardingCode.COLUMN_MISSING, "visit"),
    ],
)
def test_what_does_not_keep_its_declaration_leaves_the_last_version(
    source: Database, broken: str, code: OnboardingCode, column: str | None
) -> None:
    prepared(source)
    source.told(*broken.split("; "))

    with pytest.raises(OnboardingRefused) as refused:
        prepared(source)

    assert (refused.value.code, refused.value.column) == (code, column)
    assert rows(source, "SELECT count(*) FROM dx.visits") == [(5,)]


@pytest.mark.parametrize(
    ("name", "kind", "keys", "kept"),
    [
        ("visit", "int", [1, 2, 3, 4], False),
        ("visit", "int", [1, 2, 3, 4, 5], True),
        ("name", "text", ["Ann Unmistakable", "Bob"], False),
        ("name", "text", ["Ann Unmistakable", "Bob", "Cy", "O'Brien \\"], True),
        ("urgent", "bool", [True], False),
        ("urgent", "bool", [True, False], True),
    ],
)
def test_a_row_of_a_key_that_was_not_declared_is_refused_as_of_a_file(
    source: Database, name: str, kind: str, keys: list[Any], kept: bool
) -> None:
    columns = {**spec().columns, name: Column.model_validate({"type": kind, "keys": keys})}

    if kept:
        assert prepared(source, columns=columns).rows == len(ROWS)
        return
    with pytest.raises(OnboardingRefused) as refused:
        prepared(source, columns=columns)
    assert (refused.value.code, refused.value.column) == (OnboardingCode.KEYS, name)


@pytest.mark.parametrize("name", ["visits", "public.visits; DROP TABLE visits", "public.Visits", 'public."visits"', ""])
def test_a_source_that_is_not_plainly_named_is_refused(source: Database, name: str) -> None:
    with pytest.raises(OnboardingRefused, match="UNREADABLE"):
        prepare(source.owner, name, spec(), source.reader)


def test_a_public_table_needs_no_unit(source: Database) -> None:
    declared = {"visit": Column(type="int", uses=frozenset({"join", "output"}))}

    assert prepared(source, unit=None, units_of=None, columns=declared).units is None


def test_a_provider_prepares_by_command_and_the_owner_is_kept_nowhere(source: Database, tmp_path: Path) -> None:
    folder, sources = tmp_path / "domain", tmp_path / "sources"
    sources.mkdir()
    (sources / "visits.postgres").write_text(SOURCE)
    (tmp_path / "declared.json").write_text(f"[{spec().model_dump_json()}]")
    _command("init", str(folder))
    _command("database", str(folder), said=source.reader)

    told = _command("prepare", str(folder), str(tmp_path / "declared.json"), str(sources), owner=source.owner)

    assert json.loads(told)["profiles"]["visits"]["rows"] == len(ROWS)
    assert [path.name for path in (folder / "data").iterdir()] == ["visits.postgres"]
    assert not any(source.owner in path.read_text() for path in folder.rglob("*") if path.is_file())


def test_what_was_prepared_anew_serves_no_controls_it_does_not_keep_to(
    source: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OWNER, source.owner)
    (tmp_path / "visits.postgres").write_text(SOURCE)
    domain = Domain.made(tmp_path / "domain")
    domain.keep_secret(CONNINFO, source.reader)
    first = held_of(domain, [spec()], tmp_path)["controls_digest"]
    fits = Fitness(domain).fits

    assert fits(first)
    source.told("INSERT INTO visits SELECT visit + 100, person, cost, seen_on, urgent, name FROM visits")
    second = held_of(domain, [spec()], tmp_path)["controls_digest"]

    assert (fits(first), fits(second)) == (False, True)


def _command(*words: str, said: str = "", owner: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "workers", *words], input=said, env={**os.environ, OWNER: owner}, capture_output=True,
        text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
