"""What a refused query would need, and that nothing but uses can be granted."""

from typing import Any

import pytest

from policies.disclosure import ControlsRefused, Grant, analyse, load_controls, needed, widened
from tests.policies.disclosure.test_literals import TABLES

CONTROLS: dict[str, Any] = {"k_min": 5, "tables": TABLES}


@pytest.mark.parametrize(
    ("sql", "uses"),
    [
        ("SELECT count(*) AS n FROM visit", []),
        ("SELECT avg(age) AS a FROM visit", [("age", "aggregate")]),
        ("SELECT age, count(*) AS n, avg(age) AS a FROM visit GROUP BY age", [("age", "group"), ("age", "aggregate")]),
        ("SELECT count(*) AS n FROM visit WHERE person = 'x'", []),
        ("SELECT first(age) FROM visit", []),
    ],
)
def test_the_smallest_grants_are_found_or_none(sql: str, uses: list[tuple[str, str]]) -> None:
    found = needed(sql, CONTROLS)

    assert sorted((one.column, one.use) for one in found) == sorted(uses)
    if found:
        analyse(sql, load_controls({**CONTROLS, "tables": widened(TABLES, found)}))


@pytest.mark.parametrize("column", ["person", "unknown"])
def test_neither_the_unit_nor_what_is_not_declared_is_widened(column: str) -> None:
    with pytest.raises(ControlsRefused):
        widened(TABLES, [Grant(table="visit", column=column, use="group")])


def test_granting_changes_uses_and_nothing_else() -> None:
    wider = widened(TABLES, [Grant(table="visit", column="age", use="group")])

    assert set(wider["visit"]["columns"]["age"].pop("uses")) == {"filter", "group"}
    assert wider["visit"]["columns"]["age"] == {"type": "int", "bounds": [0, 120]}
    assert TABLES["visit"]["columns"]["age"]["uses"] == ["filter"]
