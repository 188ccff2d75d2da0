"""The floor by buckets lets out exactly the groups that counting every unit lets out.

The tables are made to mislead the buckets: most of their units share one, others are nobody's, and k is small.
"""

from collections import Counter, defaultdict
from functools import cache
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.disclosure import Controls, analyse, load_controls, release

EVERY = ["group", "aggregate", "filter"]
NEVER_BY_BUCKETS = 10_007
CONTROLS: dict[str, Any] = {
    "visits": {
        "unit": "person",
        "units_of": "person",
        "rows_max": 1000,
        "columns": {
            "person": {"type": "int"},
            "place": {"type": "text", "uses": EVERY},
            "cost": {"type": "int", "uses": EVERY, "bounds": [0, 9]},
        },
    },
    "people": {
        "unit": "person",
        "units_of": "person",
        "key": [["person"]],
        "rows_max": 1000,
        "columns": {
            "person": {"type": "int", "not_null": True},
            "town": {"type": "text", "uses": EVERY},
            "age": {"type": "int", "uses": EVERY, "bounds": [0, 9]},
        },
    },
}
QUERIES = [
    "SELECT count(*) AS n FROM visits",
    "SELECT place, count(*) AS n, sum(cost) AS s FROM visits GROUP BY place",
    "SELECT place, cost, count(DISTINCT person) AS u FROM visits GROUP BY place, cost",
    "SELECT place, count(*) FILTER (WHERE cost > 4) AS n, count(cost) AS c FROM visits GROUP BY place",
    "SELECT sum(CASE WHEN cost > 2 THEN cost ELSE 0 END) AS s, count(*) FILTER (WHERE place = 'a') AS a FROM visits",
    "SELECT place, count(*) AS n FROM visits WHERE cost IS NULL GROUP BY place",
    "SELECT place, count(*) AS n FROM visits WHERE cost IS NOT NULL AND cost < 7 GROUP BY place",
    "SELECT p.town, v.place, count(*) AS n, avg(v.cost) AS a FROM visits v JOIN people p ON v.person = p.person "
    "GROUP BY 1, 2",
    "SELECT v.place, count(*) AS n, sum(p.age) AS s FROM visits v LEFT JOIN people p ON v.person = p.person GROUP BY 1",
    "SELECT p.town, count(*) AS n, count(DISTINCT v.person) AS u FROM people p LEFT JOIN visits v "
    "ON p.person = v.person GROUP BY 1",
    "SELECT n, place, count(*) AS c FROM (SELECT person, place, count(*) AS n FROM visits GROUP BY 1, 2) t "
    "GROUP BY n, place",
    "SELECT town, count(*) AS n, count(DISTINCT person) AS u, sum(age) AS s FROM people GROUP BY town",
    "SELECT n, count(*) AS c FROM (SELECT person, count(*) AS n FROM visits GROUP BY person) t GROUP BY n",
]


def controls(k_min: int, most: int | None = None) -> Controls:
    """With `most`, no unit has more visits and the table is so large that rows are looked at first."""
    known = {} if most is None else {"unit_rows_max": most, "rows_max": 10**6}
    return load_controls({"tables": {**CONTROLS, "visits": {**CONTROLS["visits"], **known}}, "k_min": k_min})


@cache
def persons() -> tuple[int | None, ...]:
    """Twelve that share a bucket, four that do not, and nobody."""
    found = duckdb.connect().execute("SELECT i FROM range(5000) t(i) WHERE hash(i::INT) >> 58 = 5 ORDER BY i LIMIT 12")
    return (*(row[0] for row in found.fetchall()), 6001, 6002, 6003, 6004, None)


places = st.sampled_from(["a", "b", None])
costs = st.sampled_from([1, 3, 5, 9, None])
visits = st.lists(st.tuples(st.integers(0, 16), places, costs), min_size=1, max_size=60)
people = st.dictionaries(st.integers(0, 15), st.tuples(places, costs), max_size=16)


def engine(rows: list[Any], known: dict[int, Any]) -> duckdb.DuckDBPyConnection:
    data = duckdb.connect()
    data.execute("CREATE TABLE visits (person INT, place TEXT, cost INT)")
    data.execute("CREATE TABLE people (person INT, town TEXT, age INT)")
    for table, made in (
        ("visits", [(persons()[who], place, cost) for who, place, cost in rows]),
        ("people", [(persons()[who], *rest) for who, rest in known.items()]),
    ):
        if made:
            data.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", made)
    return data


@settings(max_examples=25, deadline=None)
@given(visits, people, st.integers(2, 12), st.booleans())
def test_more_looks_let_out_what_one_look_lets_out(
    rows: list[Any], known: dict[int, Any], k_min: int, rows_first: bool
) -> None:
    data = engine(rows, known)
    most = max(Counter(who for who, _, _ in rows).values()) if rows_first else None
    for sql in QUERIES:
        plan, exact = analyse(sql, controls(k_min, most)), analyse(sql, controls(NEVER_BY_BUCKETS))
        text = exact.sql.replace(str(NEVER_BY_BUCKETS), str(k_min))
        width = len(plan.post.keys) + len(plan.post.measures)

        left, expected = data.execute(plan.sql).fetchall(), data.execute(text).fetchall()

        assert sorted(map(repr, (row[:width] for row in left))) == sorted(map(repr, (row[:width] for row in expected)))
        # What stands for the units never says more than there are, and passes the door.
        true = {row[:width]: row[width:] for row in expected}
        assert all(told <= units for row in left for told, units in zip(row[width:], true[row[:width]], strict=True))
        release(plan, left, k_min)


@settings(max_examples=50, deadline=None)
@given(visits, st.integers(2, 12))
def test_a_group_and_both_sides_of_its_filter_leave_by_the_units_counted_by_hand(rows: list[Any], k_min: int) -> None:
    sql = "SELECT place, count(*) FILTER (WHERE cost > 4) AS n FROM visits GROUP BY place"
    groups: dict[Any, list[tuple[int, bool]]] = defaultdict(list)
    for who, place, cost in rows:
        if persons()[who] is not None:
            groups[place].append((who, cost is not None and cost > 4))
    expected = {
        place: sum(over for _, over in group)
        for place, group in groups.items()
        if all(len({who for who, over in group if over is side}) >= k_min for side in (True, False))
    }

    plan = analyse(sql, controls(k_min))
    answer = release(plan, engine(rows, {}).execute(plan.sql).fetchall(), k_min)

    assert set(answer.rows) == set(expected.items())


def test_a_group_of_more_rows_than_fewer_units_can_have_is_sure_without_a_look_at_units() -> None:
    text = analyse("SELECT place, count(*) AS n FROM visits GROUP BY place", controls(10, most=3)).sql
    data = engine([(who % 12, "a", 1) for who in range(36)] + [(who, "b", 1) for who in range(11)], {})

    assert "n0 BETWEEN 1 AND 29" in text
    assert sorted(data.execute(text).fetchall()) == [("a", 36, 12), ("b", 11, 11)]


def test_rows_are_not_trusted_where_nobody_counted_how_many_a_unit_has() -> None:
    asked = "SELECT place, count(*) AS n FROM visits GROUP BY place"
    large = {**CONTROLS["visits"], "rows_max": 10**9}

    text = analyse(asked, load_controls({"tables": {"visits": large}, "k_min": 10})).sql

    assert "BETWEEN 1 AND 29" not in text
    assert '"open groups"' not in text


@pytest.mark.parametrize("place", ["a", None])
def test_units_that_all_share_a_bucket_are_counted_one_by_one(place: str | None) -> None:
    rows = [(who, place, 1) for who in range(12) for _ in range(2)]
    plan = analyse("SELECT place, count(*) AS n FROM visits GROUP BY place", controls(12))

    left = engine(rows, {}).execute(plan.sql).fetchall()

    assert left == [(place, 24, 12)]
    assert engine(rows[:-2], {}).execute(plan.sql).fetchall() == []


@pytest.mark.parametrize("sql", QUERIES)
def test_a_unit_with_one_row_needs_no_distinct_count_for_the_floor(sql: str) -> None:
    text = analyse(sql, controls(10)).sql

    assert ("bit_count" in text) == ("count(DISTINCT" in analyse(sql, controls(NEVER_BY_BUCKETS)).sql)


def test_an_asset_cannot_be_named_like_a_part_of_the_floor() -> None:
    tables = dict.fromkeys(("g", "counted", "k0", "n"), CONTROLS["visits"])
    data = duckdb.connect()
    for name in tables:
        data.execute(f"CREATE TABLE {name} AS SELECT i AS person, 'a' AS place, 1 AS cost FROM range(20) t(i)")

    for name in tables:
        plan = analyse(f"SELECT place, count(*) AS n FROM {name} GROUP BY place", load_controls({"tables": tables}))
        assert release(plan, data.execute(plan.sql).fetchall(), 10).rows == (("a", 20),)


def test_a_text_too_long_for_the_engine_is_written_in_one_look() -> None:
    costs = ", ".join(f"count(*) FILTER (WHERE v.cost > {number} AND v.place <> '{number:099}') AS a{number}"
                      for number in range(12))  # fmt: skip

    text = analyse(f"SELECT {costs} FROM visits v", controls(10)).sql

    assert "bit_count" not in text
