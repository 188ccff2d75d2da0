"""S06: important data. A job waits for supplier, compliance and regulator; the same program then runs for 90 days."""

from collections.abc import Iterator

import pytest

from exchange.client.connection import Problem
from tests.exchange.audit.auditing import audited
from tests.market import DAY_S
from tests.scenarios.approving import Approving, opened, refusal

FIRST, SECOND = "SELECT count(*) AS firms FROM load", "SELECT sum(kwh) AS kwh FROM load"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approving]:
    with opened(tmp_path_factory.mktemp("important"), "IMPORTANT") as made:
        yield made


@pytest.fixture(scope="module")
def licence_id(market: Approving) -> str:
    return market.licence()


def placed(market: Approving, licence_id: str, sql: str) -> dict[str, object]:
    return market.buyer.place_order(market.ask(licence_id, computation={"kind": "sql", "sql": sql}))


def test_three_houses_say_yes_and_the_program_then_runs_again_for_ninety_days(
    market: Approving, licence_id: str
) -> None:
    ask = market.ask(licence_id, computation={"kind": "sql", "sql": FIRST})
    assert market.buyer.explain(ask)["approvers"] == ["SUPPLIER", "COMPLIANCE", "REGULATOR"]
    order = placed(market, licence_id, FIRST)
    approval_id = str(order["approval_id"])
    assert order["state"] == "APPROVAL_PENDING"

    officer = market.staff["first compliance officer"]
    for who, left in ((market.supplier, "COMPLIANCE REGULATOR"), (officer, "REGULATOR"), (market.regulator, "")):
        assert " ".join(who.approvals.approve(approval_id)["waiting_for"]) == left

    assert market.buyer.order(str(order["id"]))["state"] == "TICKETED"
    market.passes(89 * DAY_S)
    assert placed(market, licence_id, FIRST)["state"] == "TICKETED"
    assert placed(market, licence_id, SECOND)["state"] == "APPROVAL_PENDING"
    market.passes(DAY_S)
    assert placed(market, licence_id, FIRST)["state"] == "APPROVAL_PENDING"


def test_no_person_speaks_twice_and_one_no_is_enough(market: Approving, licence_id: str) -> None:
    order = placed(market, licence_id, "SELECT count(*) AS n FROM load WHERE district = 'district 0'")
    approval_id, officer = str(order["approval_id"]), market.staff["first compliance officer"]
    officer.approvals.approve(approval_id)

    with pytest.raises(Problem) as twice:
        officer.approvals.approve(approval_id)
    market.regulator.approvals.reject(approval_id, "no risk assessment of this use")

    assert refusal(twice.value) == (409, "E_DUAL_CONTROL")
    assert market.buyer.order(str(order["id"]))["reasons"] == ["E_APPROVAL"]


def test_without_an_answer_it_is_rejected_on_the_fifth_working_day(market: Approving, licence_id: str) -> None:
    before = market.buyer.escrow()
    order = placed(market, licence_id, "SELECT count(*) AS n FROM load WHERE district = 'district 1'")
    market.now = market.supplier.approvals.one(str(order["approval_id"]))["due_at"]

    market.ticks()

    told = market.buyer.order(str(order["id"]))
    assert (told["state"], told["reasons"], told["refund_rule"]) == ("REJECTED", ["E_APPROVAL"], "R1")
    assert market.buyer.escrow()["available_fen"] >= before["available_fen"]


def test_an_auditor_decides_it_all_again_and_comes_to_the_same(market: Approving, licence_id: str) -> None:
    order = placed(market, licence_id, SECOND)
    market.supplier.stop_licence(licence_id, "suspend", "SUPPLIER_DECISION")
    for who in (market.supplier, market.staff["first compliance officer"], market.regulator):
        who.approvals.approve(str(order["approval_id"]))
    assert market.buyer.order(str(order["id"]))["reasons"] == ["E_LICENCE_STATE"]
    market.logs()

    report = audited(market)

    assert (report.findings, report.unfolded) == ((), ())
