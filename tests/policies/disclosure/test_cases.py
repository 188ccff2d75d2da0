"""Every development case: the verdict, the rule, and for what is answered a run in the real engine."""

from typing import Any

import pytest

from policies.disclosure import Denied, analyse, explain, release
from tests.policies.disclosure.clinic import CASES, K, controls, rows_of

ANSWERED = [case for case in CASES["cases"] if case["verdict"] == "answer"]
REFUSED = [case for case in CASES["cases"] if case["verdict"] == "refuse"]


def named(case: dict[str, Any]) -> str:
    return str(case["sql"])[:60]


@pytest.mark.parametrize("case", CASES["cases"], ids=named)
def test_the_verdict_and_the_rule_are_the_stated_ones(case: dict[str, Any]) -> None:
    told = explain(case["sql"], controls(case.get("mode", "exact")))

    assert (told["verdict"], told["rule"]) == (case["verdict"], case.get("rule"))
    assert set(told) == {"verdict", "rule", "column", "why", "fix", "sql"}
    assert (told["sql"] is None) == (told["verdict"] == "refuse") == (told["why"] is not None)


@pytest.mark.parametrize("case", [case for case in ANSWERED if case.get("mode") is None], ids=named)
def test_what_is_answered_runs_and_leaves_only_groups_above_the_floor(case: dict[str, Any]) -> None:
    plan = analyse(case["sql"], controls())

    answer = release(plan, rows_of(plan), K)

    assert len(answer.columns) == len(plan.outputs)
    assert all(isinstance(cell, int | str | bool | None) for row in answer.rows for cell in row)


def test_what_is_answered_with_noise_runs_but_never_leaves_exactly() -> None:
    plan = analyse("SELECT avg(least(income, 100000)) AS a FROM patients", controls("noise"))

    with pytest.raises(Denied) as refused:
        release(plan, rows_of(plan), K)

    assert refused.value.rule == "R24"


@pytest.mark.parametrize("case", REFUSED, ids=named)
def test_what_is_refused_stays_refused_inside_a_cte(case: dict[str, Any]) -> None:
    told = explain(f"WITH q AS ({case['sql']}) SELECT count(*) AS n FROM q", controls())

    assert told["verdict"] == "refuse"


@pytest.mark.parametrize("case", CASES["cases"], ids=named)
def test_comments_between_tokens_change_nothing(case: dict[str, Any]) -> None:
    apart = case["sql"].replace(" FROM ", " /* a */ FROM /* b */ ").replace(" WHERE ", "\n\tWHERE -- c\n ")

    told = explain(apart, controls(case.get("mode", "exact")))

    assert (told["verdict"], told["rule"]) == (case["verdict"], case.get("rule"))


@pytest.mark.parametrize("name", ["inсome", "ıncome", "incomе", "İncome"])
def test_a_column_that_only_looks_alike_is_unknown(name: str) -> None:
    assert explain(f"SELECT sum({name}) FROM patients", controls())["rule"] == "R03"


@pytest.mark.parametrize(
    "sql", ["SELECT count(*) FROM patients; DROP secret", "EXPLAIN secret", "SELECT 1; SET secret"]
)
def test_a_text_that_does_not_parse_is_in_no_log(sql: str, caplog: pytest.LogCaptureFixture) -> None:
    assert explain(sql, controls())["verdict"] == "refuse"
    assert caplog.records == []


def test_a_semicolon_at_the_end_is_no_second_statement() -> None:
    assert explain("SELECT count(*) FROM patients;", controls())["verdict"] == "answer"


def test_a_refusal_echoes_nothing_of_the_text_but_a_plain_name() -> None:
    told = explain("SELECT count(*) FROM patients WHERE \"a'; DROP\" = 'secret-value'", controls())

    assert told["rule"] == "R03"
    assert "secret" not in str(told)
    assert told["column"] is None
