"""Answers with noise: leave any one unit out, and what the engine computes changes by no more than is declared."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.disclosure import Controls, Denied, Noisy, Plan, analyse, load_controls, release
from policies.disclosure.plan import Post
from tests.policies.disclosure.clinic import CASES, K, tables

SMALL = 3
KEYS = ("", "region", "sex", "region, sex", "department", "date_trunc('month', visit_date)")
MEASURES = (
    "count(*)", "sum(cost)", "sum(cost * 2 - 100)", "avg(cost)", "count(diagnosis)", "count(DISTINCT v.patient_id)",
    "sum(bmi)", "sum(income)", "count(*) FILTER (WHERE bmi > 30)", "sum(cost) FILTER (WHERE department = 'A')",
    "sum(least(cost, 500))",
)  # fmt: skip
WHERES = ("", "WHERE bmi IS NOT NULL", "WHERE birth_year > 1970", "WHERE region IN ('R1', 'R3') OR birth_year < 1950")
SOURCES = (
    "visits v JOIN patients p ON v.patient_id = p.patient_id",
    "visits v LEFT JOIN patients p ON v.patient_id = p.patient_id",
    "patients p JOIN visits v ON v.patient_id = p.patient_id JOIN regions r USING (region)",
    "(SELECT patient_id, department, visit_date, diagnosis, cost FROM visits) v JOIN patients p "
    "ON v.patient_id = p.patient_id",
    "(SELECT patient_id, department, count(*) AS n, sum(cost) AS cost FROM visits GROUP BY 1, 2) v JOIN patients p "
    "ON v.patient_id = p.patient_id",
)
# What is added up for each person first, and then counted or added over persons.
OF_EACH = (
    "(SELECT patient_id, count(*) AS n, sum(cost) AS s, max(cost) AS m FROM visits GROUP BY patient_id) v "
    "JOIN patients p ON v.patient_id = p.patient_id",
    "patients p LEFT JOIN (SELECT patient_id, count(*) AS n, sum(cost) AS s, min(cost) AS m FROM visits "
    "GROUP BY patient_id) v ON v.patient_id = p.patient_id",
    "(SELECT t.patient_id, count(*) AS n, sum(t.c * 2) AS s, max(t.c) AS m FROM (SELECT patient_id, cost AS c "
    "FROM visits WHERE department = 'A') t GROUP BY t.patient_id) v JOIN patients p USING (patient_id)",
)
OF_EACH_KEYS = ("", "region", "sex", "n", "region, n")
OF_EACH_MEASURES = (
    "count(*)", "sum(n)", "sum(s)", "avg(m)", "count(s)", "sum(income)", "sum(n * 3 - 1)",
    "count(DISTINCT p.patient_id)",
)  # fmt: skip
LEFT_OUT = 8


@st.composite
def questions(draw: st.DrawFn) -> str:
    of_each = draw(st.booleans())
    source = draw(st.sampled_from(OF_EACH if of_each else SOURCES))
    keys = draw(st.sampled_from(OF_EACH_KEYS if of_each else KEYS))
    measures = draw(
        st.lists(st.sampled_from(OF_EACH_MEASURES if of_each else MEASURES), min_size=1, max_size=3, unique=True)
    )
    told = ", ".join([*([keys] if keys else []), *(f"{one} AS x{index}" for index, one in enumerate(measures))])
    return f"SELECT {told} FROM {source} {draw(st.sampled_from(WHERES))}" + (f" GROUP BY {keys}" if keys else "")


def noisy_controls() -> Controls:
    """Each patient's visits count three times at most, however many there were."""
    visits = {**CASES["tables"]["visits"], "unit_rows_kept": SMALL}
    return load_controls({"tables": {**CASES["tables"], "visits": visits}, "k_min": K, "mode": "noise"})


def cells(plan: Plan, without: int | None = None) -> dict[tuple[Any, ...], list[int]]:
    """The exact vector of an answer, as if one patient had never been in either table."""
    sql = plan.sql
    for table in ("patients", "visits"):
        whole = f'(SELECT * FROM "{table}" WHERE'
        left = f'(SELECT * FROM "{table}" WHERE patient_id IS DISTINCT FROM {without or -1} AND'
        sql = sql.replace(whole, left)
    wide = len(plan.post.keys)
    return {tuple(row[:wide]): [cell or 0 for cell in row[wide:]] for row in tables().execute(sql).fetchall()}


def permitted(sql: str) -> Plan | None:
    try:
        return analyse(sql, noisy_controls())
    except Denied:
        return None


@settings(max_examples=250, deadline=None)
@given(asked=questions(), left_out=st.lists(st.integers(1, 400), min_size=LEFT_OUT, max_size=LEFT_OUT, unique=True))
def test_one_unit_changes_no_measure_by_more_than_is_declared(asked: str, left_out: list[int]) -> None:
    """Two thousand neighbours."""
    plan = permitted(asked)
    if plan is None:
        return

    with_all = cells(plan)
    for one in left_out:
        _compare(plan, with_all, cells(plan, one))


def _compare(plan: Plan, with_all: dict[Any, list[int]], without: dict[Any, list[int]]) -> None:
    zeros = [0] * len(plan.post.measures)
    changed = [key for key in with_all.keys() | without.keys() if with_all.get(key) != without.get(key)]
    for index, measure in enumerate(plan.post.measures):
        moved = [with_all.get(key, zeros)[index] - without.get(key, zeros)[index] for key in changed]
        assert measure.unit_change is not None
        assert sum(one * one for one in moved) <= measure.unit_change**2
    assert plan.post.unit_groups_max is not None
    assert len(changed) <= plan.post.unit_groups_max or not plan.post.keys


@pytest.mark.parametrize("source", OF_EACH)
@pytest.mark.parametrize("key", OF_EACH_KEYS)
def test_what_is_added_up_for_each_person_first_is_permitted(source: str, key: str) -> None:
    told = ", ".join([*([key] if key else []), *(f"{one} AS x{index}" for index, one in enumerate(OF_EACH_MEASURES))])

    assert permitted(f"SELECT {told} FROM {source}" + (f" GROUP BY {key}" if key else "")) is not None


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("key", ["region", "department"])
def test_the_neighbours_are_of_queries_that_are_permitted(source: str, key: str) -> None:
    assert permitted(f"SELECT {key}, count(*) AS n, sum(cost) AS c FROM {source} GROUP BY {key}") is not None


def test_a_query_with_noise_counts_no_units_and_drops_no_group() -> None:
    plan = analyse("SELECT region, sum(income) AS s FROM patients GROUP BY region", noisy_controls())

    assert plan.post.checks == ()
    assert "HAVING" not in plan.sql
    assert "DISTINCT" not in plan.sql
    assert '(SELECT * FROM "patients" WHERE _r <= 1)' in plan.sql


def test_an_answer_with_noise_lies_on_one_grid_and_says_how_sure_it_is() -> None:
    plan = analyse(
        "SELECT region, count(*) AS n, sum(bmi) AS s, avg(bmi) AS m FROM patients GROUP BY 1", noisy_controls()
    )

    def shifted(post: Post, groups: Any) -> Noisy:
        return Noisy({0: tuple(cell + 3 for cell in groups[0])}, tuple(Fraction(10) for _ in post.measures))

    answer = release(plan, tables().execute(plan.sql).fetchall(), K, shifted)

    (row,), (told,) = answer.rows, answer.intervals or ()
    scale = plan.post.measures[1].scale
    assert told[0] is None
    assert all(end is not None and Decimal(end[0]) <= Decimal(str(cell)) <= Decimal(end[1])
               for cell, end in zip(row[1:], told[1:], strict=True))  # fmt: skip
    assert (Decimal(str(row[2])) * 10**scale) % 1 == 0


def test_an_exact_answer_takes_no_noise_and_a_noisy_one_does_not_leave_without() -> None:
    exact = analyse("SELECT count(*) AS n FROM patients", load_controls({"tables": CASES["tables"], "k_min": K}))

    with pytest.raises(Denied):
        release(exact, [(400, 400)], K, lambda _post, _groups: Noisy({}, ()))


def test_a_sum_one_unit_could_change_without_bound_is_refused() -> None:
    with pytest.raises(Denied) as refused:
        analyse("SELECT sum(income * income * income) AS s FROM patients", noisy_controls())

    assert refused.value.rule == "R21"
