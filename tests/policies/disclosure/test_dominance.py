"""A sum that one unit nearly makes by itself is hidden, however it is asked for, and nothing else is."""

from collections import Counter, defaultdict
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.disclosure import Controls, Denied, Released, analyse, load_controls, release

EVERY = ["group", "aggregate", "filter"]
PLACE = {"type": "text", "uses": EVERY}
PARCELS = {"type": "int", "uses": EVERY, "bounds": [0, 1000], "not_null": True}
TABLES: dict[str, Any] = {
    "hours": {
        "unit": "sender", "units_of": "firm", "rows_max": 10_000,
        "columns": {"sender": {"type": "int", "not_null": True}, "place": PLACE, "parcels": PARCELS,
                    "balance": {"type": "number", "uses": ["aggregate"], "bounds": [-1000, 1000], "not_null": True}},
    },
    "senders": {
        "unit": "sender", "units_of": "firm", "key": [["sender"]], "rows_max": 10_000,
        "columns": {"sender": {"type": "int", "not_null": True}, "place": PLACE, "parcels": PARCELS},
    },
}  # fmt: skip
Row = tuple[int, str, int]


def controls(bp_max: int, k_min: int = 5, most: int | None = None) -> Controls:
    """With `most`, a unit is known to have no more rows, and the table to be so large that rows are looked at first."""
    known = {} if most is None else {"unit_rows_max": most, "rows_max": 10**6}
    tables = {**TABLES, "hours": {**TABLES["hours"], **known}}
    return load_controls({"tables": tables, "k_min": k_min, "dominance_bp_max": bp_max})


def ask(sql: str, rows: list[Row], bp_max: int = 7_000, k_min: int = 5, most: int | None = None) -> Released:
    data = duckdb.connect()
    for table in TABLES:
        data.execute(f"CREATE TABLE {table} (sender INT, place TEXT, parcels INT, balance DOUBLE)")
        data.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?)", [(*row, -row[2]) for row in rows])
    plan = analyse(sql, controls(bp_max, k_min, most))
    return release(plan, data.execute(plan.sql).fetchall(), k_min)


def parcels(top: int, place: str = "a", first: int = 1) -> list[Row]:
    """Six senders of 1,000 parcels together, the first of them with `top`."""
    rest = [(1_000 - top) // 5] * 4
    return [(first + n, place, number) for n, number in enumerate([top, *rest, 1_000 - top - sum(rest)])]


@pytest.mark.parametrize("table", ["hours", "senders"])
def test_a_top_sender_of_72_percent_is_hidden_and_one_of_70_is_not(table: str) -> None:
    """Rulebook S07: 720 of 1,000 is more than 70 %, 700 is not; four senders are fewer than five."""
    sql = f"SELECT place, count(*) AS n, sum(parcels) AS s FROM {table} GROUP BY place ORDER BY place"
    rows = [*parcels(720, "a", 1), *parcels(700, "b", 11), *((n, "c", 250) for n in range(21, 25))]

    answer = ask(sql, rows)

    assert answer.rows == (("a", 6, None), ("b", 6, 1_000))
    assert answer.suppressed_cells == 1


def test_repeating_the_rows_of_the_largest_unit_gains_nothing() -> None:
    rows = [(who, place, number // 40) for who, place, number in parcels(720) for _ in range(40)]

    assert ask("SELECT count(*) AS n, sum(parcels) AS s FROM hours", rows).rows == ((240, None),)


@pytest.mark.parametrize(
    "asked",
    [
        "sum(parcels)", "avg(parcels)", "sum(parcels * 3)", "sum(parcels + 1000)", "avg(1000 - parcels)",
        "sum((parcels + 1000) * 2 - 7)", "sum(balance)", "sum(balance + parcels)", "sum(parcels) / count(*)",
        "sum(CASE WHEN place = 'a' THEN parcels ELSE 1000 END)",
        "sum(parcels) FILTER (WHERE place = 'a')",
    ],
)  # fmt: skip
def test_no_dress_of_a_dominated_sum_gets_out(asked: str) -> None:
    rows = [*parcels(950, "a"), *parcels(500, "b", 11)] if "place" in asked else parcels(950)

    for most in (None, 1):
        answer = ask(f"SELECT count(*) AS n, {asked} AS s FROM hours", rows, most=most)

        assert [row[1] for row in answer.rows] == [None]
        assert answer.suppressed_cells == 1


def test_a_constant_buried_in_a_subquery_is_refused() -> None:
    with pytest.raises(Denied) as denied:
        ask("SELECT sum(q) AS s FROM (SELECT sender, parcels + 1000 AS q FROM hours) t", parcels(950))

    assert denied.value.rule == "R16"


def test_a_sum_by_unit_of_a_subquery_is_judged_by_its_units() -> None:
    sql = "SELECT count(*) AS n, avg(q) AS a FROM (SELECT sender, sum(parcels) AS q FROM hours GROUP BY sender) t"

    assert ask(sql, parcels(950)).rows == ((6, None),)
    assert ask(sql, parcels(500)).suppressed_cells == 0


def test_the_other_side_of_a_filter_is_not_left_to_subtraction() -> None:
    """Side b alone would be hidden; the sum of all and the sum of side a would give it back, so neither leaves."""
    sql = "SELECT count(*) AS n, sum(parcels) AS s, sum(parcels) FILTER (WHERE place = 'a') AS a FROM hours"

    answer = ask(sql, [*parcels(200, "a"), *parcels(900, "b", 11)])

    assert answer.rows == ((12, None, None),)
    assert answer.suppressed_cells == 2


def test_an_answer_of_nothing_but_hidden_cells_is_none() -> None:
    answer = ask("SELECT place, sum(parcels) AS s FROM hours GROUP BY place", parcels(800))

    assert (answer.rows, answer.suppressed_cells) == ((), 1)


def test_without_a_rule_nothing_is_hidden_and_nothing_is_looked_at() -> None:
    sql = "SELECT sum(parcels) AS s FROM hours"

    assert ask(sql, parcels(990), bp_max=10_000).rows == ((1_000,),)
    assert analyse(sql, controls(10_000)).post.dominances == ()


def test_a_door_without_its_dominance_columns_stays_shut() -> None:
    plan = analyse("SELECT sum(parcels) AS s FROM senders", controls(7_000))

    for row in ([1000, 6], [1000, 6, None], [1000, 6, 0]):
        with pytest.raises(Denied):
            release(plan, [row], 5)


def test_too_many_sums_under_too_many_conditions_are_refused() -> None:
    parts = ", ".join(f"sum(parcels) FILTER (WHERE parcels > {n}) AS s{n}" for n in range(11))

    with pytest.raises(Denied) as denied:
        analyse(f"SELECT {parts} FROM hours", controls(7_000))

    assert denied.value.rule == "R22"


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from("ab"), st.integers(0, 60)), min_size=1, max_size=50),
    st.sampled_from([4_000, 5_000, 7_000, 9_000]),
    st.booleans(),
)
def test_exactly_the_sums_dominated_when_counted_by_hand_are_hidden(
    rows: list[Row], bp_max: int, rows_first: bool
) -> None:
    groups: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for who, place, number in rows:
        groups[place][who] += number
    told = {
        place: None if max(held.values()) * 10_000 > bp_max * sum(held.values()) else sum(held.values())
        for place, held in groups.items()
        if len(held) >= 2
    }

    most = max(Counter(who for who, _, _ in rows).values()) if rows_first else None
    sql = "SELECT place, count(*) AS n, sum(parcels) AS s FROM hours GROUP BY place"
    answer = ask(sql, rows, bp_max, 2, most)

    assert {row[0]: row[2] for row in answer.rows} == told
    assert answer.suppressed_cells == list(told.values()).count(None)
