"""What a buyer is told of an answer with noise before it pays: how far off each number will be, and at which price."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from policies.disclosure import Expected, Noisy, Plan, analyse, expected, explain, load_controls, release
from policies.disclosure.plan import Post

RHO = 50_000_000
COLUMNS: dict[str, Any] = {
    "person": {"type": "int"},
    "town": {"type": "text", "uses": ["group", "filter"]},
    "spent": {"type": "int", "bounds": [0, 100], "uses": ["aggregate"], "not_null": True},
}
BILLS = {"unit": "person", "units_of": "person", "unit_rows_max": 4, "columns": COLUMNS}
CONTROLS = load_controls({"tables": {"bills": BILLS}, "mode": "noise"})


def plan(sql: str) -> Plan:
    return analyse(sql, CONTROLS)


def errors(sql: str, rho_nrho: int = RHO) -> dict[str, Expected]:
    return {one.name: one for one in expected(plan(sql), rho_nrho).errors}


def test_one_count_has_the_deviation_of_the_textbook() -> None:
    """R over the root of two rho, rounded up; half the width of an interval is 1.96 of it."""
    told = errors("SELECT count(*) AS n FROM bills")["n"]

    assert (told.sigma, told.half_width_95) == ("12.649111", "25")


def test_outputs_share_the_price_evenly_and_what_is_counted_twice_is_paid_once() -> None:
    alone = errors("SELECT sum(spent) AS s FROM bills")["s"]
    shared = errors("SELECT sum(spent) AS s, count(*) AS n, avg(spent) AS a FROM bills")

    assert alone.sigma is not None
    assert shared["s"].sigma is not None
    assert abs(Decimal(shared["s"].sigma) ** 2 / Decimal(alone.sigma) ** 2 - 2) < Decimal("1e-6")


def test_twice_the_price_halves_the_variance() -> None:
    cheap, dear = (errors("SELECT count(*) AS n FROM bills", rho)["n"].sigma for rho in (RHO, 2 * RHO))

    assert cheap is not None
    assert dear is not None
    assert abs(Decimal(cheap) ** 2 / Decimal(dear) ** 2 - 2) < Decimal("1e-6")


def test_the_error_of_a_mean_is_told_by_the_size_of_a_group_and_of_too_small_ones_nothing_is_known() -> None:
    told = errors("SELECT avg(spent) AS a FROM bills", 200_000)["a"]

    widths = [one.half_width_95 for one in told.at_rows]
    assert told.sigma is None
    assert widths[0] is None
    known = [Decimal(one) for one in widths if one is not None]
    assert known == sorted(known, reverse=True)


def test_keys_cost_delta_and_say_from_how_many_rows_they_are_told_of() -> None:
    grouped = expected(plan("SELECT town, count(*) AS n FROM bills GROUP BY town"), RHO)
    whole = expected(plan("SELECT count(*) AS n FROM bills"), RHO)

    assert (whole.delta_e15, whole.rows_told_from) == (0, None)
    assert grouped.delta_e15 == 10**6
    assert grouped.rows_told_from is not None
    assert 60 < grouped.rows_told_from < 140


@pytest.mark.parametrize(
    "term",
    [
        "count(*)", "sum(spent)", "avg(spent)", "round(avg(spent), 1)", "coalesce(avg(spent), 0)",
        "100.0 * count(*) FILTER (WHERE town = 'A') / count(*)", "sum(spent) - 3 * count(*)", "least(sum(spent), 900)",
        "-count(*)", "abs(count(*) - sum(spent))", "floor(sum(spent) / 7)",
    ],
)  # fmt: skip
def test_every_number_that_leaves_has_an_interval_around_it_as_wide_as_was_told(term: str) -> None:
    asked = plan(f"SELECT {term} AS x FROM bills")
    widest = [Fraction(one.unit_change or 0) * 10_000 for one in asked.post.measures]
    spreads = tuple(Fraction(10) for _ in widest)

    def still(_: Post, exact: Any) -> Noisy:
        return Noisy({0: tuple(exact[0])}, spreads)

    released = release(asked, [[int(one) for one in widest]], 10, still)

    assert released.intervals is not None
    ((interval,),), ((cell,),) = released.intervals, released.rows
    assert interval is not None
    assert Fraction(interval[0]) <= Fraction(str(cell)) <= Fraction(interval[1])


def test_the_dry_run_says_it_behind_its_six_keys_and_of_exact_answers_nothing() -> None:
    sql = "SELECT town, count(*) AS n FROM bills GROUP BY town"

    noisy = explain(sql, CONTROLS, RHO)
    exact = explain(sql, load_controls({"tables": {"bills": BILLS}}), RHO)

    six = ["verdict", "rule", "column", "why", "fix", "sql"]
    assert list(exact) == six
    assert list(noisy) == [*six, "rho_nrho", "delta_e15", "rows_told_from", "errors"]
    assert list(explain("SELECT town FROM bills", CONTROLS, RHO)) == six
