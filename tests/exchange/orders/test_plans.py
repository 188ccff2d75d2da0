"""A kept plan is the plan: of these controls, this k and this text, and of no others."""

from typing import Any

from exchange.orders.plans import Declared, planned
from policies.disclosure import Denied, Plan, analyse, load_controls

TABLES: dict[str, Any] = {
    "loans": {
        "unit": "loan_id",
        "units_of": "borrower",
        "columns": {
            "loan_id": {"type": "int", "uses": ["join"], "not_null": True},
            "grade": {"type": "text", "uses": ["group"], "not_null": True},
        },
    }
}
SQL = "SELECT grade, count(*) AS loans FROM loans GROUP BY grade"


def test_what_is_kept_is_what_the_calculus_says() -> None:
    fresh = analyse(SQL, load_controls({"tables": TABLES, "k_min": 10, "dominance_bp_max": 7_000}))

    assert planned(Declared("a" * 64, 10, 7_000, "exact", TABLES), SQL) == fresh
    assert planned(Declared("a" * 64, 10, 7_000, "exact", TABLES), SQL) == fresh


def test_another_floor_is_another_plan() -> None:
    low, high = (planned(Declared("a" * 64, k_min, 7_000, "exact", TABLES), SQL) for k_min in (10, 50))

    assert isinstance(low, Plan)
    assert isinstance(high, Plan)
    assert (low.k_min, high.k_min) == (10, 50)


def test_a_denial_is_kept_as_a_value_and_carries_no_trace_of_where_it_was_raised() -> None:
    first, again = (planned(Declared("a" * 64, 10, 7_000, "exact", TABLES), "SELECT * FROM loans") for _ in range(2))

    assert isinstance(first, Denied)
    assert first is again
    assert first.__traceback__ is None


def test_controls_of_another_digest_are_other_controls() -> None:
    without = {"loans": {**TABLES["loans"], "columns": {"loan_id": TABLES["loans"]["columns"]["loan_id"]}}}

    assert isinstance(planned(Declared("b" * 64, 10, 7_000, "exact", TABLES), SQL), Plan)
    assert isinstance(planned(Declared("c" * 64, 10, 7_000, "exact", without), SQL), Denied)
