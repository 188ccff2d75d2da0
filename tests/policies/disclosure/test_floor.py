"""The floor: groups, sides of conditions and parts of NULLs with fewer than k units never leave the engine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.disclosure import analyse
from tests.policies.disclosure.clinic import K, ask, controls, naive, rows_of


@given(st.sampled_from(["birth_year", "region, birth_year", "sex, birth_year"]), st.integers(2, 40))
def test_no_group_of_fewer_than_k_units_leaves_the_engine(keys: str, k_min: int) -> None:
    plan = analyse(f"SELECT {keys}, count(*) AS n FROM patients GROUP BY {keys}", controls(k_min=k_min))

    left = rows_of(plan)

    real = naive(f"SELECT {keys}, count(*) AS n FROM patients GROUP BY {keys}")
    assert sorted(row[:-1] for row in left) == sorted(row for row in real if row[-1] >= k_min)


def test_the_floor_counts_units_and_not_rows() -> None:
    sql = "SELECT n, department, count(*) AS c FROM (SELECT patient_id, department, count(*) AS n FROM visits " \
          "GROUP BY patient_id, department) t GROUP BY n, department"  # fmt: skip
    real = naive("SELECT n, department, count(DISTINCT patient_id) FROM (SELECT patient_id, department, count(*) AS n "
                 "FROM visits GROUP BY ALL) t GROUP BY ALL")  # fmt: skip

    assert {row[:2] for row in ask(sql).rows} == {row[:2] for row in real if row[2] >= K}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FILTER (WHERE birth_year = 1931) AS n FROM patients",
        "SELECT count(*) FILTER (WHERE birth_year <> 1931) AS n FROM patients",
        "SELECT sum(CASE WHEN birth_year = 1931 THEN income ELSE 0 END) AS n FROM patients",
        "SELECT sum(CASE WHEN birth_year <> 1931 THEN income ELSE 0 END) AS n FROM patients",
        "SELECT avg(greatest(bmi, 10)) AS a FROM patients",
        "SELECT sum(coalesce(bmi, 20)) AS a FROM patients WHERE birth_year = 1950",
        "SELECT count(*) AS n FROM patients WHERE bmi IS NULL AND birth_year = 1950",
        "SELECT count(*) FILTER (WHERE birth_year >= 1931) AS a, count(*) FILTER (WHERE birth_year >= 1932) AS b "
        "FROM patients",
        "SELECT count(*) AS n, sum(t.c) AS s FROM patients p LEFT JOIN (SELECT patient_id, cost AS c FROM visits "
        "WHERE department = 'Z') t ON p.patient_id = t.patient_id",
    ],
)
def test_a_condition_with_a_small_side_suppresses_the_group(sql: str) -> None:
    assert rows_of(analyse(sql, controls())) == []


def test_a_few_nulls_suppress_the_group_they_would_show_in() -> None:
    left = {row[0] for row in ask("SELECT birth_year, sum(income) AS s FROM patients GROUP BY birth_year").rows}

    real = naive("SELECT birth_year, count(*) FILTER (WHERE income IS NULL), count(income) FROM patients GROUP BY 1")
    assert left == {str(year) for year, missing, present in real if (missing == 0 or missing >= K) and present >= K}
