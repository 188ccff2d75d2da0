"""The curious buyer: one person is known by age and region, and every form of query is bent to ask about them alone.

Patient 17 is the only one born in 1931. Each try either is refused or brings back nothing about fewer than k people.
"""

import pytest

from policies.disclosure import Denied, analyse
from tests.policies.disclosure.clinic import ask, controls, rows_of

BY_UNIT = [
    "SELECT sum(income) AS s FROM patients WHERE patient_id = 17",
    "SELECT sum(income) AS s FROM patients WHERE patient_id <> 17",
    "SELECT patient_id, sum(income) AS s FROM patients GROUP BY patient_id",
    "SELECT sum(income) FILTER (WHERE patient_id = 17) AS s FROM patients",
    "SELECT p, sum(i) AS s FROM (SELECT patient_id, patient_id AS p, income AS i FROM patients) t GROUP BY p",
    "SELECT count(*) AS n FROM patients p JOIN visits v ON p.patient_id = v.patient_id WHERE "
    "v.patient_id BETWEEN 17 AND 17",
    "SELECT patient_id % 400 AS b, count(*) AS n FROM patients GROUP BY 1",
    "SELECT avg(patient_id) AS a FROM patients",
    "SELECT count(*) AS n FROM (SELECT patient_id, patient_id + 0 AS q FROM patients) t WHERE q = 17",
]
BY_FINE_DATE = [
    "SELECT visit_date, count(*) AS n FROM visits GROUP BY visit_date",
    "SELECT count(*) AS n FROM visits WHERE visit_date = DATE '2024-03-05'",
    "SELECT count(*) AS n FROM visits WHERE visit_date IN (DATE '2024-03-05', DATE '2024-03-06')",
    "SELECT count(*) AS n FROM visits WHERE visit_date >= '2024-03-05' AND visit_date <= '2024-03-05'",
    "SELECT count(*) AS n FROM visits WHERE visit_date BETWEEN DATE '2024-03-05' AND DATE '2024-03-08'",
    "SELECT count(*) FILTER (WHERE visit_date >= DATE '2024-03-05') AS a, "
    "count(*) FILTER (WHERE visit_date > DATE '2024-03-05') AS b FROM visits",
    "SELECT date_trunc('week', visit_date) AS w, count(*) AS n FROM visits WHERE visit_date >= DATE '2024-03-10' "
    "GROUP BY 1",
    "SELECT date_trunc('week', visit_date) AS w, extract(month FROM visit_date) AS m, count(*) AS n FROM visits "
    "GROUP BY 1, 2",
    "SELECT count(*) AS n FROM (SELECT patient_id, visit_date AS d FROM visits WHERE "
    "visit_date >= DATE '2024-03-05') t "
    "WHERE d < DATE '2024-03-06'",
    "SELECT extract(dow FROM visit_date) AS d, count(*) AS n FROM visits GROUP BY 1",
    "SELECT extract(day FROM visit_date) AS d, count(*) AS n FROM visits GROUP BY 1",
    "SELECT CASE WHEN visit_date = DATE '2024-03-05' THEN 'x' ELSE 'y' END AS g, count(*) AS n FROM visits GROUP BY 1",
    "SELECT n, count(*) AS c FROM (SELECT patient_id, visit_date, count(*) AS n FROM visits "
    "GROUP BY 1, 2) t GROUP BY n",
]
BY_CASE = [
    "SELECT sum(CASE WHEN income > 400000 THEN 1 ELSE 0 END) AS n FROM patients",
    "SELECT sum(s) AS s FROM (SELECT patient_id, CASE WHEN birth_year = 1931 THEN income ELSE "
    "0 END AS s FROM patients) t",
    "SELECT sum(least(income, 300001)) - sum(least(income, 300000)) AS n FROM patients",
    "SELECT sum(nullif(income, 5)) AS n FROM patients",
    "SELECT sum(floor(income / 400000)) AS n FROM patients",
    "SELECT sum(round(income / 499999)) AS n FROM patients",
    "SELECT sum(abs(income - 400000)) AS n FROM patients",
    "SELECT sum(income * income) AS n FROM patients",
    "SELECT sum(coalesce(income, 100000)) AS n FROM patients",
    "SELECT sum(birth_year = 1931) AS n FROM patients",
    "SELECT sum(s) AS s FROM (SELECT patient_id, sum(income) FILTER (WHERE birth_year = 1931) "
    "AS s FROM patients GROUP BY 1) t",
    "SELECT count(*) AS n FROM patients WHERE CASE WHEN birth_year = 1931 THEN TRUE ELSE FALSE END",
]
BY_INNER_HAVING = [
    "SELECT count(*) AS n FROM (SELECT patient_id, count(*) AS c FROM visits GROUP BY "
    "patient_id HAVING count(*) = 8) t",
    "SELECT count(*) AS n FROM (SELECT patient_id, count(*) AS c FROM visits GROUP BY patient_id) t WHERE c = 8",
    "SELECT count(*) FILTER (WHERE c = 8) AS n FROM (SELECT patient_id, count(*) AS c FROM "
    "visits GROUP BY patient_id) t",
    "SELECT sum(CASE WHEN c >= 8 THEN 1 ELSE 0 END) AS n FROM (SELECT patient_id, count(*) AS "
    "c FROM visits GROUP BY 1) t",
    "SELECT count(*) AS n FROM (SELECT patient_id, max(cost) AS m FROM visits GROUP BY 1) t WHERE m + 1 > 19000",
    "SELECT avg(i) AS a FROM (SELECT patient_id, income AS i FROM patients ORDER BY birth_year LIMIT 1) t",
    "SELECT region, count(*) AS n FROM patients GROUP BY region HAVING min(birth_year) = 1931",
    "SELECT region, count(*) AS n FROM patients GROUP BY region ORDER BY max(income)",
    "SELECT m, count(*) AS n FROM (SELECT patient_id, max(cost) AS m FROM visits GROUP BY patient_id) t GROUP BY m",
]
REFUSED = [*BY_UNIT, *BY_FINE_DATE, *BY_CASE, *BY_INNER_HAVING]
EMPTY = [
    "SELECT sum(income) AS s FROM patients WHERE birth_year = 1931",
    "SELECT sum(income) AS s FROM patients WHERE birth_year = 1931 OR (birth_year = 1931 AND region = 'R3')",
    "SELECT sum(CASE WHEN birth_year = 1931 THEN income ELSE 0 END) AS s FROM patients",
    "SELECT sum(CASE WHEN birth_year <> 1931 THEN income ELSE 0 END) AS s, sum(income) AS t FROM patients",
    "SELECT sum(income) FILTER (WHERE birth_year > 1931) AS s FROM patients",
    "SELECT count(*) FILTER (WHERE birth_year < 1935) AS s FROM patients",
    "SELECT count(*) FILTER (WHERE birth_year > 1970 OR birth_year = 1931) AS a, "
    "count(*) FILTER (WHERE birth_year > 1970) AS b FROM patients",
    "SELECT sum(least(birth_year, 1932)) - sum(least(birth_year, 1931)) AS n FROM patients",
    "SELECT sum(greatest(birth_year, 1932)) AS n FROM patients",
    "SELECT avg(p.income) AS a FROM patients p JOIN (SELECT patient_id, region FROM patients "
    "WHERE birth_year < 1935) t "
    "ON p.patient_id = t.patient_id",
    "SELECT count(*) AS n, sum(t.y) AS s FROM patients p LEFT JOIN (SELECT patient_id, birth_year AS y FROM patients "
    "WHERE birth_year < 1935) t ON p.patient_id = t.patient_id",
]  # fmt: skip


@pytest.mark.parametrize("sql", REFUSED)
def test_a_question_about_one_person_is_refused(sql: str) -> None:
    with pytest.raises(Denied):
        analyse(sql, controls())


@pytest.mark.parametrize("sql", EMPTY)
def test_a_question_that_comes_down_to_one_person_brings_nothing_out_of_the_engine(sql: str) -> None:
    assert rows_of(analyse(sql, controls())) == []


def test_the_one_born_in_1931_is_in_no_group_of_any_histogram() -> None:
    by_year = ask("SELECT birth_year, count(*) AS n FROM patients GROUP BY birth_year").rows
    by_case = ask(
        "SELECT CASE WHEN birth_year < 1940 THEN 'a' ELSE 'b' END AS g, count(*) AS n FROM patients GROUP BY 1"
    )

    assert "1931" not in {row[0] for row in by_year}
    assert [row[0] for row in by_case.rows] == ["b"]
