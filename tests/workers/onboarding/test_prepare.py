"""Onboarding: data that keeps its declaration is written once and profiled; data that does not leaves no trace."""

import hashlib
import os
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.disclosure import Column
from workers.assets import AssetSpec, Profile, controlled
from workers.onboarding import OnboardingCode, OnboardingRefused, prepare

HEADER = "visit,person,cost,seen_on,urgent,name\n"
ROWS = [
    "1,7,10.50,2024-01-31,true,Ann Unmistakable",
    "2,7,0,2024-02-29,false,Bob",
    "3,8,99.25,2024-03-01,,",
    "4,9,1.5,2024-03-02,true,Cy",
    "5,7,2.5,2024-03-03,true,Cy",
]


def spec(**changes: Any) -> AssetSpec:
    columns = {
        "visit": Column(type="int", not_null=True),
        "person": Column(type="int", uses=frozenset({"join"})),
        "cost": Column.model_validate({"type": "number", "uses": ["aggregate"], "bounds": [0, 100]}),
        "seen_on": Column(type="date", uses=frozenset({"group"}), not_null=True),
        "urgent": Column(type="bool"),
    }
    told = {"table": "visits", "unit": "person", "units_of": "person", "key": (("visit",),), "columns": columns}
    return AssetSpec.model_validate({**told, **changes})


def write(folder: Path, rows: list[str]) -> Path:
    source = folder / "source.csv"
    source.write_text(HEADER + "".join(row + "\n" for row in rows))
    return source


def prepared(folder: Path, rows: list[str], declared: AssetSpec) -> Profile:
    return prepare(write(folder, rows), declared, folder / "data")


def refusal(folder: Path, rows: list[str], declared: AssetSpec) -> tuple[str, str | None]:
    with pytest.raises(OnboardingRefused) as refused:
        prepared(folder, rows, declared)
    assert list((folder / "data").iterdir()) == []
    return refused.value.code, refused.value.column


def test_the_file_is_sorted_by_unit_and_ranked_within(tmp_path: Path) -> None:
    prepared(tmp_path, ROWS, spec())

    file = tmp_path / "data" / "visits.parquet"
    told = duckdb.sql(f"SELECT person, _r FROM '{file}'").fetchall()
    described = duckdb.sql(f"DESCRIBE FROM '{file}'").fetchall()
    assert told == [(7, 1), (7, 2), (7, 3), (8, 1), (9, 1)]
    assert [row[:2] for row in described] == [
        ("visit", "BIGINT"), ("person", "BIGINT"), ("cost", "DOUBLE"), ("seen_on", "DATE"), ("urgent", "BOOLEAN"),
        ("_r", "INTEGER"),
    ]  # fmt: skip
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path / "data") == ["visits.parquet"]


def test_the_profile_counts_and_holds_no_value_of_the_data(tmp_path: Path) -> None:
    profile = prepared(tmp_path, ROWS, spec())

    file = tmp_path / "data" / "visits.parquet"
    assert (profile.rows, profile.units, profile.unit_rows_max) == (5, 3, 3)
    assert {column.name: column.nulls for column in profile.columns}["urgent"] == 1
    assert {column.name: column.bounds for column in profile.columns if column.bounds} == {"cost": ("0", "100")}
    assert profile.fingerprint == hashlib.sha256(file.read_bytes()).hexdigest()
    told = profile.model_dump_json()
    for value in ("99.25", "10.5", "2024", "Ann", "name"):
        assert value not in told.replace(profile.fingerprint, "").replace('"name"', "")


def test_a_column_that_was_not_declared_is_left_behind(tmp_path: Path) -> None:
    prepared(tmp_path, ROWS, spec())

    assert b"Unmistakable" not in (tmp_path / "data" / "visits.parquet").read_bytes()


def test_a_public_table_has_no_unit_and_no_rank(tmp_path: Path) -> None:
    profile = prepared(tmp_path, ROWS, spec(unit=None, units_of=None))

    assert (profile.units, profile.unit_rows_max) == (None, None)
    assert "_r" not in duckdb.sql(f"FROM '{tmp_path}/data/visits.parquet'").columns


def test_the_analyser_is_told_what_was_declared_and_counted(tmp_path: Path) -> None:
    table = controlled(spec(), prepared(tmp_path, ROWS, spec()))

    assert (table.unit, table.rows_max, table.unit_rows_max) == ("person", 5, 3)
    assert table.columns == spec().columns


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("6,7,100.01,2024-01-01,true,x", (OnboardingCode.BOUNDS, "cost")),
        ("6,7,-0.01,2024-01-01,true,x", (OnboardingCode.BOUNDS, "cost")),
        ("6,7,nan,2024-01-01,true,x", (OnboardingCode.TYPE, "cost")),
        ("6,7,inf,2024-01-01,true,x", (OnboardingCode.TYPE, "cost")),
        ("6,7,many,2024-01-01,true,x", (OnboardingCode.TYPE, "cost")),
        ("6.5,7,1,2024-01-01,true,x", (OnboardingCode.TYPE, "visit")),
        ("6,7,1,2024-13-01,true,x", (OnboardingCode.TYPE, "seen_on")),
        ("6,7,1,2024-01-01,perhaps,x", (OnboardingCode.TYPE, "urgent")),
        ("6,7,1,,true,x", (OnboardingCode.NULLS, "seen_on")),
        ("6,,1,2024-01-01,true,x", (OnboardingCode.UNIT_NULL, "person")),
        ("5,7,1,2024-01-01,true,x", (OnboardingCode.KEY, "visit")),
    ],
)
def test_one_row_against_the_declaration_refuses_the_table(row: str, expected: tuple[str, str], tmp_path: Path) -> None:
    assert refusal(tmp_path, [*ROWS, row], spec()) == expected


def test_a_table_that_cannot_be_read_is_refused_without_the_engines_words(tmp_path: Path) -> None:
    source = tmp_path / "source.parquet"
    source.write_bytes(b"PAR1 Ann Unmistakable")

    with pytest.raises(OnboardingRefused) as refused:
        prepare(source, spec(), tmp_path / "data")

    assert refused.value.args == ("UNREADABLE",)
    assert list((tmp_path / "data").iterdir()) == []


def test_an_empty_table_and_a_missing_column_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, [], spec())[0] == OnboardingCode.EMPTY
    more = {**spec().columns, "weight": Column(type="int")}
    assert refusal(tmp_path, ROWS, spec(columns=more)) == (OnboardingCode.COLUMN_MISSING, "weight")


def test_a_refused_table_leaves_the_earlier_one_as_it_was(tmp_path: Path) -> None:
    before = prepared(tmp_path, ROWS, spec())

    with pytest.raises(OnboardingRefused):
        prepared(tmp_path, [*ROWS, "6,7,101,2024-01-01,true,x"], spec())

    kept = (tmp_path / "data" / "visits.parquet").read_bytes()
    assert hashlib.sha256(kept).hexdigest() == before.fingerprint
    assert os.listdir(tmp_path / "data") == ["visits.parquet"]


def test_a_value_outside_a_declared_list_refuses_the_table(tmp_path: Path) -> None:
    columns = {**spec().columns, "person": Column.model_validate({"type": "int", "keys": [7, 8]})}

    assert refusal(tmp_path, ROWS, spec(columns=columns)) == (OnboardingCode.KEYS, "person")


@pytest.mark.parametrize(
    "changes",
    [
        {"table": "Visits"}, {"table": 'v"'}, {"unit": "ghost"}, {"key": (("ghost",),)}, {"units_of": None},
        {"unit": None}, {"columns": {}}, {"columns": {'x"; DROP': {"type": "int"}}}, {"surprise": 1},
        {"columns": {"_r": {"type": "int"}}}, {"columns": {"person": {}, "visit": {"type": "int"}}},
    ],
)  # fmt: skip
def test_a_declaration_that_does_not_hold_together_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        spec(**changes)


@settings(max_examples=25, deadline=None)
@given(people=st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_each_unit_is_ranked_from_one_without_a_gap(
    people: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("ranks")
    rows = [f"{visit},{person},1,2024-01-01,true,x" for visit, person in enumerate(people)]

    profile = prepared(folder, rows, spec())

    ranked = duckdb.sql(f"SELECT person, list(_r) FROM '{folder}/data/visits.parquet' GROUP BY 1").fetchall()
    assert {person: sorted(ranks) for person, ranks in ranked} == {
        person: list(range(1, people.count(person) + 1)) for person in people
    }
    assert profile.unit_rows_max == max(people.count(person) for person in people)


def test_how_many_rows_of_a_unit_count_under_noise_is_the_providers_choice(tmp_path: Path) -> None:
    declared = spec(unit_rows_kept=2)

    table = controlled(declared, prepared(tmp_path, ROWS, declared))

    assert (table.unit_rows_kept, table.unit_rows_max) == (2, 3)
