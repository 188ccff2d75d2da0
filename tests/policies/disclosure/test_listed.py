"""Declared keys: every one is told of with noise, nobody's absence shows, and what was not declared is left out."""

from collections.abc import Sequence
from typing import Any

import duckdb
import pytest

from policies.disclosure import ControlsRefused, Denied, Noisy, Plan, analyse, delta_e15, load_controls, release
from policies.disclosure.plan import Post
from workers.noise import Price

COLUMNS: dict[str, Any] = {
    "person": {"type": "int"},
    "town": {"type": "text", "uses": ["group", "filter"], "keys": ["A", "B", "it's"]},
    "urgent": {"type": "bool", "uses": ["group"], "keys": [True, False]},
    "ward": {"type": "int", "uses": ["group", "filter"], "bounds": [0, 9]},
    "spent": {"type": "int", "bounds": [0, 100], "uses": ["aggregate"], "not_null": True},
}
SQL = "SELECT town, urgent, count(*) AS n FROM bills GROUP BY town, urgent"


def controls(mode: str = "noise", **columns: Any) -> Any:
    bills = {"unit": "person", "units_of": "person", "unit_rows_max": 2, "columns": {**COLUMNS, **columns}}
    return load_controls({"tables": {"bills": bills}, "mode": mode})


def still(_: Post, exact: Sequence[Sequence[int]]) -> Noisy:
    return Noisy({place: tuple(row) for place, row in enumerate(exact)}, (1, 1))  # type: ignore[arg-type]


def rows(plan: Plan) -> list[tuple[Any, ...]]:
    """Two of town A, one of each unlisted kind."""
    with duckdb.connect() as data:
        data.execute("CREATE TABLE bills (person INT, town TEXT, urgent BOOL, ward INT, spent INT, _r INT)")
        told = [(1, "A", True, 1, 5, 1), (2, "A", True, 1, 7, 1), (3, "Z", True, 1, 9, 1), (4, None, False, 2, 9, 1)]
        data.executemany("INSERT INTO bills VALUES (?, ?, ?, ?, ?, ?)", [*told, (5, "B", None, 1, 9, 1)])
        return data.execute(plan.sql).fetchall()


def test_every_declared_combination_has_a_row_and_nothing_else_is_counted() -> None:
    plan = analyse(SQL, controls())

    told = release(plan, rows(plan), 10, still).rows

    assert delta_e15(plan) == 0
    assert len(told) == 6
    assert {row[:2]: row[2] for row in told if row[2]} == {("A", True): 2}


def test_empty_groups_get_noise_as_well() -> None:
    plan = analyse(SQL, controls())
    price = Price(rho_nrho=10_000, delta_e15=0, rows_min=10)

    told = release(plan, rows(plan), 10, price.noised).rows

    assert len(told) == 6
    assert len({row[2] for row in told}) > 1


def test_a_key_that_is_not_declared_brings_the_threshold_back() -> None:
    plan = analyse("SELECT town, ward, count(*) AS n FROM bills GROUP BY town, ward", controls())

    assert (plan.post.key_lists, plan.post.keys_by, delta_e15(plan)) == ((), 0, 10**6)


def test_declared_keys_leave_all_of_the_price_to_what_was_asked_for() -> None:
    measures = analyse("SELECT town, sum(spent) AS s FROM bills GROUP BY town", controls()).post.measures

    assert [one.kind for one in measures] == ["sum"]


def test_an_exact_answer_knows_no_list() -> None:
    assert analyse(SQL, controls("exact")).post.key_lists == ()


def test_an_engine_that_brings_a_strange_key_is_not_believed() -> None:
    plan = analyse(SQL, controls())

    with pytest.raises(Denied):
        release(plan, [("Z", True, 5)], 10, still)


@pytest.mark.parametrize(
    "column",
    [
        {"type": "text", "keys": []}, {"type": "text", "keys": ["A", "A"]}, {"type": "int", "keys": ["1"]},
        {"type": "text", "keys": [1]}, {"type": "int", "keys": [True]}, {"type": "number", "keys": [1]},
        {"type": "date", "keys": ["2024-01-01"]}, {"type": "text", "keys": ["e\u0301"]}, {"type": "int", "keys": [1.0]},
    ],
)  # fmt: skip
def test_a_list_that_is_none_is_refused_with_its_controls(column: dict[str, Any]) -> None:
    with pytest.raises(ControlsRefused):
        controls(town=column)
