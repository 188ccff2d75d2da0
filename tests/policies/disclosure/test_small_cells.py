"""Rulebook S04: 153, 47, 19 and 22 people at k = 20. One answer never shows a margin beside a cell it hides."""

import duckdb
import pytest

from policies.disclosure import Denied, Released, analyse, load_controls, release

K = 20
PEOPLE = {"A": 153, "B": 47, "C": 19, "D": 22}
TABLES = {
    "people": {
        "unit": "person", "units_of": "person", "key": [["person"]], "rows_max": 1_000,
        "columns": {
            "person": {"type": "int", "not_null": True},
            "diagnosis": {"type": "text", "uses": ["group", "filter"], "not_null": True},
        },
    }
}  # fmt: skip


def ask(sql: str) -> Released:
    data = duckdb.connect()
    data.execute("CREATE TABLE people (person INT, diagnosis TEXT)")
    every = [sign for sign, count in PEOPLE.items() for _ in range(count)]
    data.executemany("INSERT INTO people VALUES (?, ?)", list(enumerate(every)))
    plan = analyse(sql, load_controls({"tables": TABLES, "k_min": K, "dominance_bp_max": 6_000}))
    return release(plan, data.execute(plan.sql).fetchall(), K)


def test_without_a_margin_only_the_cell_below_k_is_missing() -> None:
    answer = ask("SELECT diagnosis, count(*) AS n FROM people GROUP BY diagnosis ORDER BY diagnosis")

    assert answer.rows == (("A", 153), ("B", 47), ("D", 22))


@pytest.mark.parametrize("grouping", ["ROLLUP (diagnosis)", "CUBE (diagnosis)", "GROUPING SETS ((diagnosis), ())"])
def test_a_margin_beside_its_cells_is_refused(grouping: str) -> None:
    with pytest.raises(Denied) as denied:
        ask(f"SELECT diagnosis, count(*) AS n FROM people GROUP BY {grouping}")

    assert denied.value.rule == "R18"


def test_a_total_beside_cells_that_leave_fewer_than_k_over_does_not_leave() -> None:
    """241 - 153 - 47 - 22 would be the 19 that no cell may show."""
    cells = ", ".join(f"count(*) FILTER (WHERE diagnosis = '{sign}') AS {sign}" for sign in "ABD")

    assert ask(f"SELECT {cells}, count(*) AS n FROM people").rows == ()


def test_a_total_beside_cells_that_leave_k_over_leaves() -> None:
    """With C and D both left out, as the rulebook's secondary suppression leaves them, nobody can tell 19 from 22."""
    cells = ", ".join(f"count(*) FILTER (WHERE diagnosis = '{sign}') AS {sign}" for sign in "AB")

    assert ask(f"SELECT {cells}, count(*) AS n FROM people").rows == ((153, 47, 241),)
