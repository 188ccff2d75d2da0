"""A budget follows the rows: declared anew, renamed, added to, they keep it; only rows that are all new open one."""

from pathlib import Path
from typing import Any

import pytest

from tests.workers.onboarding.test_prepare import ROWS, prepared, spec
from workers.assets import controlled

NEW = ["11,7,10.50,2025-01-31,true,x", "12,8,0,2025-02-28,false,x"]


def lineages(folder: Path, rows: list[str], **changes: Any) -> tuple[str, ...]:
    declared = spec(**changes)
    return controlled(declared, prepared(folder, rows, declared)).lineages


@pytest.fixture
def first(tmp_path: Path) -> tuple[str, ...]:
    return lineages(tmp_path, ROWS)


def columns(*without: str) -> dict[str, Any]:
    return {name: column for name, column in spec().columns.items() if name not in without}


@pytest.mark.parametrize(
    "changes",
    [
        {}, {"unit_rows_kept": 1}, {"columns": columns("cost")}, {"key": ()}, {"table": "renamed"},
        {"key": (("visit", "seen_on"),)}, {"columns": columns("visit"), "key": ()},
    ],
)  # fmt: skip
def test_the_same_rows_keep_their_budget_however_they_are_declared(
    first: tuple[str, ...], tmp_path: Path, changes: dict[str, Any]
) -> None:
    assert len(first) == 1
    assert lineages(tmp_path, ROWS, **changes) == first


def test_one_old_row_among_new_ones_keeps_the_old_budget(first: tuple[str, ...], tmp_path: Path) -> None:
    assert lineages(tmp_path, [*NEW, ROWS[3]]) == first


def test_rows_that_are_all_new_open_a_new_one_and_the_old_ones_are_not_forgotten(
    first: tuple[str, ...], tmp_path: Path
) -> None:
    fresh = lineages(tmp_path, NEW)

    assert set(fresh).isdisjoint(first)
    assert lineages(tmp_path, NEW) == fresh
    assert lineages(tmp_path, ROWS) == first


def test_old_and_new_rows_in_one_table_are_charged_to_both(first: tuple[str, ...], tmp_path: Path) -> None:
    fresh = lineages(tmp_path, NEW)

    assert lineages(tmp_path, [*ROWS, *NEW]) == tuple(sorted((*first, *fresh)))


def test_a_public_table_has_no_budget(tmp_path: Path) -> None:
    assert lineages(tmp_path, ROWS, unit=None, units_of=None) == ()


def test_digests_hold_no_value_and_are_read_by_their_owner_alone(first: tuple[str, ...], tmp_path: Path) -> None:
    kept = list((tmp_path / "lineages").iterdir())

    assert len(kept) == 2
    assert {file.stat().st_mode & 0o777 for file in kept} == {0o600}
    assert all(b"Unmistakable" not in file.read_bytes() and b"99.25" not in file.read_bytes() for file in kept)
