"""Parameters in a query's tree: what stands there is a literal, whatever it says; what has no value is refused."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.disclosure import Controls, Denied, analyse, load_controls

TABLES: dict[str, Any] = {"visit": {"unit": "person", "units_of": "person", "key": [["person"]], "columns": {
    "person": {"type": "text", "uses": ["join"]}, "place": {"type": "text", "uses": ["group", "filter"]},
    "day": {"type": "date", "uses": ["filter"], "grain": "day"},
    "age": {"type": "int", "uses": ["filter"], "bounds": [0, 120]}}}}  # fmt: skip
CONTROLS: Controls = load_controls({"k_min": 5, "tables": TABLES})


def test_literals_stand_where_their_names_stood() -> None:
    sql = "SELECT count(*) AS n FROM visit WHERE age >= :least AND place = :place AND day < :until"

    plan = analyse(sql, CONTROLS, {"least": 18, "place": "it's", "until": date(2026, 3, 1)})

    asked = analyse(
        "SELECT count(*) AS n FROM visit WHERE age >= 18 AND place = 'it''s' AND day < DATE '2026-03-01'", CONTROLS
    )
    assert plan == asked


@given(st.text(max_size=40))
def test_no_text_gets_out_of_its_literal(text: str) -> None:
    plan = analyse("SELECT count(*) AS n FROM visit WHERE place = :place", CONTROLS, {"place": text})

    plain = analyse("SELECT count(*) AS n FROM visit WHERE place = 'x'", CONTROLS)
    assert plan.sql == plain.sql.replace("'x'", "'" + text.replace("'", "''") + "'")


@pytest.mark.parametrize("sql", [
    "SELECT count(*) FROM visit WHERE age > :unknown", "SELECT count(*) FROM visit WHERE age > ?",
    "SELECT count(*) FROM :least", "SELECT :least FROM visit", "SELECT count(*) FROM visit WHERE :least",
])  # fmt: skip
def test_a_parameter_without_a_value_or_out_of_place_is_refused(sql: str) -> None:
    with pytest.raises(Denied):
        analyse(sql, CONTROLS, {"least": 5})
