"""A second set of queries, over other tables: the verdict, the rule, and that what is answered is true of the rows."""

from fractions import Fraction
from typing import Any

import pytest

from policies.disclosure import Plan, analyse, explain, release
from tests.policies.disclosure.bank import BANK, K, controls, tables

CASES: list[dict[str, Any]] = BANK["cases"]
ANSWERED = [case["sql"] for case in CASES if case["verdict"] == "answer" and "mode" not in case]


@pytest.mark.parametrize("mode", ["exact", "noise"])
def test_every_verdict_and_every_rule_is_the_stated_one(mode: str) -> None:
    stated = [case for case in CASES if case.get("mode", "exact") == mode]

    told = [explain(case["sql"], controls(mode)) for case in stated]

    wrong = [
        (case["sql"], case.get("rule"), one["rule"])
        for case, one in zip(stated, told, strict=True)
        if (one["verdict"], one["rule"]) != (case["verdict"], case.get("rule"))
    ]
    assert wrong == []


def test_every_rule_that_refuses_a_text_is_met_by_some_case() -> None:
    assert {f"R{number:02}" for number in range(1, 23)} == {case["rule"] for case in CASES if "rule" in case}


def test_a_refusal_says_why_and_what_would_pass() -> None:
    told = [explain(case["sql"], controls(case.get("mode", "exact"))) for case in CASES]

    assert all(one["why"] and one["fix"] for one in told if one["verdict"] == "refuse")


@pytest.mark.parametrize("part", range(4))
def test_what_is_answered_is_what_the_rows_say(part: int) -> None:
    """Of an answer made of keys and counts, each row is a row of the buyer's own text, had it ever been run."""
    compared = 0
    for sql in ANSWERED[part::4]:
        plan = analyse(sql, controls())
        answer = release(plan, tables().execute(plan.sql).fetchall(), K)
        if _exact(plan):
            naive = {tuple(_plain(cell) for cell in row) for row in tables().execute(sql).fetchall()}
            assert {tuple(_plain(cell) for cell in row) for row in answer.rows} <= naive, sql
            compared += bool(answer.rows)
    assert compared > 10


def _exact(plan: Plan) -> bool:
    return all(one.kind in ("key", "count") for one in plan.outputs)


def _plain(cell: Any) -> Any:
    if isinstance(cell, bool | None):
        return cell
    try:
        return Fraction(str(cell))
    except ValueError:
        return str(cell)[:10]
