"""Where a margin is published, no cell that an answer hides can be computed from the cells it tells and the margin."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.disclosure import Controls, ControlsRefused, Denied, Released, analyse, load_controls, release
from policies.disclosure.secondary import NO_LINE, Placed, also_hidden

EVERY = ["group", "filter", "aggregate"]
BY_DIAGNOSIS = "SELECT diagnosis, count(*) AS n FROM people GROUP BY diagnosis ORDER BY diagnosis"
Row = tuple[int, str, str, int]


def controls(margins: Any, k_min: int = 20, *, unique: bool = True, bp_max: int = 10_000) -> Controls:
    table = {
        "unit": "person", "units_of": "person", "rows_max": 2_000, "margins": margins,
        "key": [["person"]] if unique else [], "unit_rows_max": 1 if unique else 50,
        "columns": {
            "person": {"type": "int", "not_null": True},
            "diagnosis": {"type": "text", "uses": EVERY, "not_null": True},
            "ward": {"type": "text", "uses": EVERY, "not_null": True},
            "days": {"type": "int", "uses": EVERY, "bounds": [0, 1000], "not_null": True},
        },
    }  # fmt: skip
    return load_controls({"tables": {"people": table}, "k_min": k_min, "dominance_bp_max": bp_max})


def ask(sql: str, rows: Sequence[Row], of: Controls) -> Released:
    """Both texts of the plan, and they say the same."""
    data = duckdb.connect()
    data.execute("CREATE TABLE people (person INT, diagnosis TEXT, ward TEXT, days INT)")
    if rows:
        data.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", rows)
    plan = analyse(sql, of)
    told, portable = (release(plan, data.execute(text).fetchall(), of.k_min) for text in (plan.sql, plan.portable))
    assert told == portable
    return told


def people(cells: dict[str, int], days: int = 1) -> list[Row]:
    every = [sign for sign, count in cells.items() for _ in range(count)]
    return [(person, sign, "w", days) for person, sign in enumerate(every)]


@pytest.mark.parametrize(
    ("k_min", "cells", "told", "missing"),
    [
        (20, {"A": 153, "B": 47, "C": 19, "D": 22}, {"A": 153, "B": 47}, 2),
        (10, {"A": 88, "B": 9, "C": 31, "D": 64}, {"A": 88, "D": 64}, 2),
        (20, {"A": 153, "B": 47, "C": 19, "D": 18}, {"A": 153, "B": 47}, 2),  # 37 for two: neither is known.
        (20, {"A": 153, "B": 47, "C": 7, "D": 8}, {"A": 153}, 3),  # 15 for two is itself a cell below k.
        (20, {"A": 60, "B": 30, "C": 30, "D": 5}, {"A": 60, "C": 30}, 2),  # Of equals the lowest key.
        (20, {"A": 60, "B": 30}, {"A": 60, "B": 30}, 0),
        (20, {"A": 60, "B": 3}, {}, 2),
    ],
)
def test_beside_a_published_total_the_smallest_other_cell_is_hidden_too(
    k_min: int, cells: dict[str, int], told: dict[str, int], missing: int
) -> None:
    answer = ask(BY_DIAGNOSIS, people(cells), controls([[]], k_min))

    assert dict(answer.rows) == told
    assert answer.suppressed_cells == missing


def test_without_a_margin_only_the_cell_below_k_is_missing_and_nobody_is_told_of_it() -> None:
    answer = ask(BY_DIAGNOSIS, people({"A": 153, "B": 47, "C": 19, "D": 22}), controls([]))

    assert (answer.rows, answer.suppressed_cells) == ((("A", 153), ("B", 47), ("D", 22)), 0)


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT diagnosis, count(*) AS n FROM people WHERE diagnosis <> 'C' GROUP BY diagnosis ORDER BY diagnosis",
         (("A", 153), ("B", 47))),
        ("SELECT count(*) AS n FROM people WHERE diagnosis <> 'C'", ()),
        ("SELECT count(*) AS n FROM people WHERE diagnosis <> 'D'", ((219,),)),
        ("SELECT diagnosis, count(*) AS n FROM people GROUP BY diagnosis HAVING count(*) < 100", (("B", 47),)),
        ("SELECT diagnosis, count(*) AS n FROM (SELECT person, diagnosis FROM people) t GROUP BY 1 ORDER BY 1",
         (("A", 153), ("B", 47))),
    ],
)  # fmt: skip
def test_what_a_condition_leaves_out_is_left_of_the_total_as_well(sql: str, rows: tuple[object, ...]) -> None:
    answer = ask(sql, people({"A": 153, "B": 47, "C": 19, "D": 22}), controls([[]]))

    assert answer.rows == rows


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("SELECT count(*) AS n FROM (SELECT person FROM people WHERE diagnosis <> 'C') t", "R17"),
        ("WITH t AS (SELECT person FROM people WHERE diagnosis <> 'C') SELECT count(*) AS n FROM t", "R17"),
        ("SELECT count(*) AS n FROM people p JOIN people q ON p.person = q.person", "R08"),
    ],
)
def test_a_row_lost_where_it_cannot_be_weighed_is_refused(sql: str, rule: str) -> None:
    with pytest.raises(Denied) as denied:
        analyse(sql, controls([[]]))

    assert denied.value.rule == rule


def test_a_margin_by_ward_is_weighed_ward_by_ward() -> None:
    cells = {("x", "A"): 50, ("x", "B"): 30, ("x", "C"): 9, ("y", "A"): 40, ("y", "B"): 25, ("y", "C"): 21}
    rows = [(n, d, w, 1) for n, (w, d) in enumerate(key for key, count in cells.items() for _ in range(count))]

    answer = ask("SELECT ward, diagnosis, count(*) AS n FROM people GROUP BY 1, 2", rows, controls([["ward"], []]))

    assert answer.rows == (("x", "A", 50), ("y", "A", 40), ("y", "B", 25), ("y", "C", 21))
    assert answer.suppressed_cells == 2


def test_a_margin_by_more_than_is_asked_for_adds_up_to_one_that_matters() -> None:
    cells = {"A": 153, "B": 47, "C": 19, "D": 22}

    assert ask(BY_DIAGNOSIS, people(cells), controls([["ward"]])).rows == (("A", 153), ("B", 47))


def test_units_with_many_rows_are_counted_once_in_what_is_left() -> None:
    """C and D are 30 rows of 12 people: their sum is a cell below k, so B goes too."""
    rows = [*people({"A": 153, "B": 47}), *((900 + n % 12, "C" if n < 18 else "D", "w", 1) for n in range(30))]

    answer = ask(BY_DIAGNOSIS, rows, controls([[]], unique=False))

    assert (answer.rows, answer.suppressed_cells) == ((("A", 153),), 3)


def test_a_sum_hidden_for_its_largest_holder_is_not_left_to_a_published_sum() -> None:
    sql = "SELECT diagnosis, sum(days) AS s FROM people GROUP BY diagnosis ORDER BY diagnosis"
    rows = [*people({"A": 40, "B": 30, "C": 25}, 10), (999, "C", "w", 1_000)]

    answer = ask(sql, rows, controls([[]], bp_max=7_000))

    assert (answer.rows, answer.suppressed_cells) == ((("A", 400), ("C", None)), 2)


@pytest.mark.parametrize("margins", [[["person"]], [["nobody"]], ["diagnosis"], [[1]], "all"])
def test_a_margin_of_an_unknown_column_or_of_the_unit_is_refused_at_load(margins: Any) -> None:
    with pytest.raises(ControlsRefused):
        controls(margins)


COUNTS = st.lists(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 9]), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(COUNTS, st.sampled_from([1, 2, 3, 4]), st.sampled_from([[[]], [["ward"]], [["ward"], ["diagnosis"]]]))
def test_no_hidden_cell_can_be_computed_from_the_answer_and_the_margins(
    counts: list[int], width: int, margins: list[list[str]]
) -> None:
    """Against linear algebra by hand; a line with one cell is published as it is and proves nothing."""
    table = {(str(n // width), str(n % width)): count for n, count in enumerate(counts) if count}
    rows = [(n, d, w, 1) for n, (w, d) in enumerate(key for key, count in table.items() for _ in range(count))]

    answer = ask("SELECT ward, diagnosis, count(*) AS n FROM people GROUP BY 1, 2", rows, controls(margins, 4))

    told = {(row[0], row[1]) for row in answer.rows}
    hidden = sorted(set(table) - told)
    assert all(table[row[0], row[1]] == row[2] >= 4 for row in answer.rows if type(row[2]) is int)
    assert answer.suppressed_cells == (len(hidden) if table else 0)
    lines = [
        [(m, *(key[("ward", "diagnosis").index(name)] for name in m)) for m in map(tuple, margins)] for key in table
    ]
    whole = Counter(line for one in lines for line in one)
    at = dict(zip(table, lines, strict=True))
    equations = [[int(line in at[key]) for key in hidden] for line in whole]
    for place, key in enumerate(hidden):
        if _computed(equations, place):
            # Only where telling nothing at all would still give it away: the margins alone do.
            assert _computed([[int(line in at[one]) for one in table] for line in whole], list(table).index(key))
    for line in whole:
        left = sum(table[key] for key in hidden if line in at[key])
        assert left == 0 or left >= 4 or not any(line in at[key] for key in told)


def _computed(equations: list[list[int]], place: int) -> bool:
    """Whether the unknown at `place` alone is a combination of the equations."""
    unit = [int(n == place) for n in range(len(equations[0]))] if equations else []
    return _rank([*equations, unit]) == _rank(equations)


def _rank(matrix: list[list[int]]) -> int:
    rows, rank = [[Fraction(one) for one in row] for row in matrix], 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((row for row in rows[rank:] if row[column]), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        rows.insert(rank, pivot)
        for n in range(rank + 1, len(rows)):
            factor = rows[n][column] / pivot[column]
            rows[n] = [one - factor * other for one, other in zip(rows[n], pivot, strict=True)]
        rank += 1
    return rank


def test_two_rings_joined_by_one_cell_give_it_away_until_another_joins_them() -> None:
    """Every row and column has two hidden cells, and yet the one between the rings can be computed."""
    hidden = {(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3), (3, 2), (3, 3), (1, 2)}
    cells = [
        Placed(((0, row), (1, column)), 50 + 4 * row + column, (row, column) not in hidden)
        for row in range(4)
        for column in range(4)
    ]

    more = also_hidden(cells, {}, 20)

    assert [divmod(place, 4) for place in more] == [(0, 2)]


def test_ten_thousand_lines_are_done_in_one_round_each() -> None:
    cells = [Placed(((0, n // 3), NO_LINE), 20 + n % 3, n % 3 > 0) for n in range(9_999)]

    assert also_hidden(cells, {}, 20) == frozenset(range(1, 9_999, 3))
