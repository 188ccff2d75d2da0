"""Answers equal what the engine would have said of the raw rows, up to the grid; and they leave as exact text."""

from decimal import Decimal
from fractions import Fraction

import pytest

from policies.disclosure import Denied, analyse, release
from tests.policies.disclosure.clinic import K, ask, controls, naive, rows_of

COUNTED = [
    "SELECT region, count(*) AS n FROM patients GROUP BY region ORDER BY region",
    "SELECT count(DISTINCT patient_id) AS n FROM visits WHERE diagnosis = 'J45' OR department IN ('A', 'B')",
    "SELECT r.country, count(*) AS n FROM patients p JOIN regions r ON p.region = r.region "
    "GROUP BY r.country ORDER BY 1",
    "SELECT n, count(*) AS people FROM (SELECT patient_id, count(*) AS n FROM visits GROUP BY patient_id) t "
    "GROUP BY n ORDER BY n DESC LIMIT 4 OFFSET 1",
    "SELECT region, count(*) FILTER (WHERE sex = 'F') AS f FROM patients GROUP BY region "
    "HAVING f > 20 ORDER BY f, region",
    "SELECT sum(CASE WHEN sex = 'F' AND birth_year >= 1980 THEN 1 ELSE 0 END) AS n FROM patients",
    "SELECT extract(year FROM visit_date) AS y, count(*) AS n FROM visits GROUP BY y ORDER BY y",
    "SELECT sum(n) AS s FROM (SELECT patient_id, count(DISTINCT department) AS n FROM visits GROUP BY patient_id) t",
    "SELECT count(*) AS n, count(DISTINCT v.patient_id) AS u FROM visits v LEFT JOIN patients p "
    "ON v.patient_id = p.patient_id",
    "SELECT region, count(*) AS n FROM patients WHERE sex IS NOT NULL GROUP BY region ORDER BY n, region",
    "SELECT count(*) AS n FROM patients WHERE bmi IS NULL AND NOT (sex = 'M')",
    "SELECT count(*) AS n FROM visits v JOIN patients p USING (patient_id) WHERE NOT "
    "(p.birth_year BETWEEN 1950 AND 1960)",
]  # fmt: skip


@pytest.mark.parametrize("sql", COUNTED)
def test_counts_are_the_counts_of_the_rows(sql: str) -> None:
    assert list(ask(sql).rows) == naive(sql)


@pytest.mark.parametrize(
    ("sql", "grid"),
    [
        ("SELECT sum(income) FROM patients", "50"),
        ("SELECT sum(income) FROM patients WHERE sex = 'F' AND region <> 'R2'", "50"),
        ("SELECT sum(cost) FROM visits", "2"),
        ("SELECT sum(bmi * bmi) FROM patients", "0.64"),
        ("SELECT sum(2 * income - 3 * birth_year) FROM patients", "99.43"),
    ],
)
def test_sums_are_right_to_half_a_grid_point_and_lie_on_the_grid(sql: str, grid: str) -> None:
    told, real, step = Fraction(str(ask(sql).rows[0][0])), Fraction(str(naive(sql)[0][0])), Fraction(grid)

    assert abs(told - real) <= step / 2 + Fraction(1, 1000)
    assert told % step == 0


def test_a_mean_is_the_quotient_of_the_released_sum_and_count() -> None:
    mean, total, rows = ask("SELECT avg(bmi) AS a, sum(bmi) AS s, count(bmi) AS n FROM patients").rows[0]

    assert isinstance(rows, int)
    assert abs(Fraction(str(mean)) - Fraction(str(total)) / rows) <= Fraction(1, 10**6)


def test_a_quotient_of_one_units_aggregates_is_that_units_mean_on_a_wider_grid() -> None:
    inner = "SELECT patient_id, sum(cost) / count(*) AS q, avg(cost) AS m FROM visits GROUP BY patient_id"
    quotient, mean = ask(f"SELECT avg(q) AS q, avg(m) AS m FROM ({inner}) t").rows[0]

    # A total of up to 1,000 rows is bounded 1,000 times as wide, and so is its grid: 2,000 over some 350 people.
    assert abs(Fraction(str(quotient)) - Fraction(str(mean))) < 5


def test_scaling_a_sum_gains_no_digits() -> None:
    plain, scaled = ask("SELECT sum(income) AS a, sum(income * 10000) / 10000 AS b FROM patients").rows[0]

    assert plain == scaled if isinstance(plain, int) else Decimal(str(plain)) == Decimal(str(scaled))


def test_dates_leave_as_iso_text_and_halves_round_away_from_zero() -> None:
    rows = ask("SELECT date_trunc('month', visit_date) AS m, round(count(*) / 2, 0) AS h, count(*) AS n FROM visits "
               "GROUP BY 1 ORDER BY 1").rows  # fmt: skip

    assert rows[0][0] == "2023-06-01"
    assert all(Fraction(str(half)) == (int(str(n)) + 1) // 2 for _, half, n in rows)


def test_a_division_by_zero_is_null_and_takes_nobody_down() -> None:
    assert ask("SELECT count(*) / (count(*) - count(*)) AS x FROM patients").rows == ((None,),)


def test_case_and_coalesce_over_released_values_are_done_after_release() -> None:
    answer = ask("SELECT region, CASE WHEN count(*) > 1000 THEN 'many' ELSE 'few' END AS size, coalesce(avg(income), 0)"
                 " AS a FROM patients GROUP BY region")  # fmt: skip

    assert {row[1] for row in answer.rows} == {"few"}


@pytest.mark.parametrize(
    "spoiled",
    [(4, 4), (400, 4), (400, 400, 400), (400.0, 400), (True, 400), ("400", 400), (None, 400), (-1, 400)],
)
def test_a_row_that_is_not_what_the_plan_says_stops_the_answer(spoiled: tuple[object, ...]) -> None:
    plan = analyse("SELECT count(*) AS n FROM patients", controls())

    with pytest.raises(Denied) as refused:
        release(plan, [spoiled], K)

    assert refused.value.rule == "R24"


def test_a_stricter_floor_than_the_plans_is_kept_too() -> None:
    plan = analyse("SELECT region, birth_year, count(*) AS n FROM patients GROUP BY 1, 2", controls(k_min=2))

    with pytest.raises(Denied):
        release(plan, rows_of(plan), 300)
