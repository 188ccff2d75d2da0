"""One meaning, one key: an answer paid for once is found again whatever it is dressed as."""

import pytest
from pydantic import ValidationError

from policies.disclosure import Plan, analyse
from tests.policies.disclosure.clinic import controls

BASE = "SELECT region, count(*) AS n FROM patients WHERE sex = 'F' AND birth_year > 1950 GROUP BY region"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT region, count(*) AS n FROM patients WHERE birth_year > 1950 AND sex = 'F' GROUP BY region",
        "SELECT region AS r, count(*) AS people FROM patients AS q WHERE q.birth_year >= 1951 AND sex = 'F' GROUP BY 1",
        "SELECT region, count(*) n FROM patients WHERE NOT (NOT (sex = 'F')) AND NOT (birth_year <= 1950) GROUP BY ALL",
        "SELECT region, count(*) n FROM patients WHERE 'F' = sex AND sex IN ('F') AND 1950 < "
        "birth_year GROUP BY region",
        "select Region, Count(*) from PATIENTS where not (sex <> 'F' or birth_year < 1951) group by REGION",
        "FROM patients SELECT region, count(*) WHERE birth_year > 1950.0 AND sex = 'F' GROUP BY region",
    ],
)
def test_rewrites_of_one_meaning_share_a_key(sql: str) -> None:
    # Whole years are only known to be whole where the type says so.
    typed = controls().model_dump()
    typed["tables"]["patients"]["columns"]["birth_year"]["type"] = "int"
    whole = type(controls()).model_validate(typed)

    assert analyse(sql, whole).meaning_key == analyse(BASE, whole).meaning_key


@pytest.mark.parametrize(
    "sql",
    [
        BASE.replace("1950", "1951"), BASE.replace("'F'", "'M'"), BASE + " LIMIT 3", BASE + " HAVING n > 7",
        BASE.replace("AND", "OR"), BASE.replace("count(*)", "count(birth_year)"),
    ],
)  # fmt: skip
def test_another_meaning_has_another_key(sql: str) -> None:
    assert analyse(sql, controls()).meaning_key != analyse(BASE, controls()).meaning_key


def test_a_plan_survives_its_json_and_takes_no_stranger() -> None:
    plan = analyse(BASE, controls())

    assert Plan.model_validate_json(plan.model_dump_json()) == plan
    with pytest.raises(ValidationError):
        Plan.model_validate({**plan.model_dump(), "more": 1})
