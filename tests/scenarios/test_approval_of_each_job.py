"""A licence under which the provider looks at each job: it waits, with its money, until somebody says yes or no."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from exchange.access.service import EXCHANGE_ID
from exchange.client.connection import Problem
from exchange.ledger.store import Store
from tests.market import SQL
from tests.scenarios.approving import PRICE_FEN, Approving, opened, refusal

REASON = "not before the audit of May"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approving]:
    """One market for all of them: each leaves the others' orders alone."""
    with opened(tmp_path_factory.mktemp("each"), each=True) as made:
        yield made


def waiting(market: Approving) -> tuple[str, str]:
    """An order that waits, and its approval."""
    order = market.buyer.place_order(market.ask(market.licence()))
    assert order["state"] == "APPROVAL_PENDING"
    return str(order["id"]), str(order["approval_id"])


def test_a_job_waits_for_its_provider_and_runs_once_approved_or_not_at_all(store: Store, tmp_path: Path) -> None:
    market = Approving(store, tmp_path / "home", each=True)
    (order_id, approval_id), (other_id, other) = waiting(market), waiting(market)
    market.works()
    assert market.buyer.order(order_id)["state"] == "APPROVAL_PENDING"
    inbox = {one["id"]: one for one in market.supplier.approvals.waiting()}
    assert (inbox[approval_id]["kind"], inbox[approval_id]["waiting_for"]) == ("JOB", "SUPPLIER")
    assert market.supplier.approvals.one(approval_id)["about"]["computation"]["sql"] == SQL

    assert market.supplier.approvals.approve(approval_id)["state"] == "GRANTED"
    market.supplier.approvals.reject(other, REASON)

    market.works()
    assert market.answer(order_id).rows
    assert market.types_of(order_id) == [
        "order.placed", "order_approval.requested", "order.approved", "ticket.issued", "result.delivered",
    ]  # fmt: skip
    assert market.buyer.order(other_id)["state"] == "REJECTED"
    assert market.supplier.approvals.waiting() == []
    assert market.buyer.escrow()["held_fen"] == 0
    assert market.views_follow()


def test_of_two_operators_at_the_same_moment_one_wins(store: Store, tmp_path: Path) -> None:
    market = Approving(store, tmp_path / "home", each=True)
    other, _ = market.colleague()
    for _ in range(3):
        order_id, approval_id = waiting(market)

        def tried(say: Callable[[], object]) -> str:
            try:
                say()
            except Problem as refused:
                return refused.code
            return "done"

        approve = partial(market.supplier.approvals.approve, approval_id)
        reject = partial(other.approvals.reject, approval_id, "too early")
        with ThreadPoolExecutor(2) as both:
            said = list(both.map(tried, (approve, reject)))

        assert sorted(said) == ["E_STATE", "done"]
        won = "TICKETED" if said[0] == "done" else "REJECTED"
        assert market.buyer.order(order_id)["state"] == won
    assert sum(market.balances().values()) == 0


def test_a_rejection_says_why_and_gives_everything_back(market: Approving) -> None:
    before = market.buyer.escrow()
    order_id, approval_id = waiting(market)
    assert market.buyer.escrow()["held_fen"] == before["held_fen"] + PRICE_FEN

    market.supplier.approvals.reject(approval_id, REASON)

    order = market.buyer.order(order_id)
    assert (order["state"], order["reasons"], order["refund_rule"]) == ("REJECTED", ["E_APPROVAL"], "R1")
    assert order["says"] == market.buyer.approvals.one(approval_id)["reason"] == REASON
    assert market.buyer.escrow() == before


def test_silence_is_a_no_after_five_working_days_and_one_reminder(market: Approving) -> None:
    before = market.buyer.escrow()
    order_id, approval_id = waiting(market)
    asked = market.supplier.approvals.one(approval_id)
    market.now = asked["remind_at"] - 1
    market.clockwork.run_once()
    assert market.types_of(approval_id) == ["approval.requested"]

    market.now += 1
    market.ticks()
    market.ticks()
    market.now = asked["due_at"] - 1
    market.ticks()
    alerts = market.staff["auditor"].http.pages("/v1/audit/alerts")
    assert approval_id in {one["subject"] for one in alerts if one["kind"] == "OVERDUE"}
    assert market.types_of(approval_id) == ["approval.requested", "approval.reminded"]
    market.now += 1
    with pytest.raises(Problem) as late:
        market.supplier.approvals.approve(approval_id)
    market.ticks()
    market.ticks()

    order = market.buyer.order(order_id)
    assert refusal(late.value) == (409, "E_WINDOW")
    assert (order["state"], order["reasons"]) == ("REJECTED", ["E_APPROVAL"])
    assert market.types_of(approval_id) == ["approval.requested", "approval.reminded", "approval.lapsed"]
    assert market.buyer.escrow() == before


def test_the_time_to_answer_is_counted_in_working_days(market: Approving) -> None:
    _, approval_id = waiting(market)

    asked = market.supplier.approvals.one(approval_id)

    today = market.ground.calendar.today(market.now)
    ends = [market.ground.calendar.today(asked[name] - 1) for name in ("remind_at", "due_at")]
    assert [market.ground.calendar.between(today, end) for end in ends] == [3, 5]


def test_of_two_operators_one_decides_and_the_other_is_told(market: Approving) -> None:
    order_id, approval_id = waiting(market)
    other, _ = market.colleague()

    other.approvals.reject(approval_id, "too early")
    with pytest.raises(Problem) as second:
        market.supplier.approvals.approve(approval_id)

    assert refusal(second.value) == (409, "E_STATE")
    assert market.buyer.order(order_id)["state"] == "REJECTED"


def test_a_delegate_answers_for_the_provider(market: Approving) -> None:
    order_id, approval_id = waiting(market)
    with pytest.raises(Problem) as stranger:
        market.merchant.approvals.approve(approval_id)
    refused = []
    for other in (market.wallets["buyer"].identity.participant_id, EXCHANGE_ID):
        with pytest.raises(Problem) as interested:
            market.supplier.approvals.delegate(approval_id, other)
        refused.append(refusal(interested.value))

    market.supplier.approvals.delegate(approval_id, market.wallets["merchant"].identity.participant_id)
    assert [one["id"] for one in market.merchant.approvals.waiting()] == [approval_id]
    market.merchant.approvals.approve(approval_id)

    assert refusal(stranger.value) == (404, "E_NOT_FOUND")
    assert refused == [(409, "E_DUAL_CONTROL")] * 2
    assert market.buyer.order(order_id)["state"] == "TICKETED"


def test_nobody_approves_its_own_order_and_no_machine_does(market: Approving) -> None:
    _, approval_id = waiting(market)

    for other in (market.buyer, market.at(market.provider.credential), market.staff["first compliance officer"]):
        with pytest.raises(Problem) as refused:
            other.approvals.approve(approval_id)
        assert refusal(refused.value) == (404, "E_NOT_FOUND")


def test_an_order_withdrawn_leaves_the_inbox(market: Approving) -> None:
    before = market.buyer.escrow()
    order_id, approval_id = waiting(market)

    assert market.buyer.cancel(order_id)["state"] == "CANCELLED"

    with pytest.raises(Problem) as late:
        market.supplier.approvals.approve(approval_id)
    assert refusal(late.value) == (409, "E_STATE")
    assert market.buyer.escrow() == before


def test_what_ended_while_it_waited_does_not_run_when_it_is_approved(market: Approving) -> None:
    order_id, approval_id = waiting(market)
    market.supplier.stop_licence(market.buyer.order(order_id)["licence_id"], "suspend", "SUPPLIER_DECISION")

    market.supplier.approvals.approve(approval_id)

    order = market.buyer.order(order_id)
    assert (order["state"], order["reasons"]) == ("REJECTED", ["E_LICENCE_STATE"])


def test_an_order_that_waits_has_its_turn_and_gives_it_back_when_rejected(market: Approving) -> None:
    licence_id = market.licence(jobs_max=1)
    first = market.buyer.place_order(market.ask(licence_id))

    with pytest.raises(Problem) as second:
        market.buyer.place_order(market.ask(licence_id))
    market.supplier.approvals.reject(first["approval_id"], "not this one")
    third = market.buyer.place_order(market.ask(licence_id))
    market.supplier.approvals.approve(third["approval_id"])

    assert second.value.code == "E_QUOTA"
    assert market.buyer.order(third["id"])["state"] == "TICKETED"
