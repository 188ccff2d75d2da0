"""Standing orders: each run an ordinary order, made once whatever crashes; the first refusal stops them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exchange.client.connection import Problem
from exchange.ledger.store import Store
from exchange.orders.schedules import Planner
from tests.exchange.audit.auditing import audited
from tests.market import DAY_S, Market
from tests.scenarios.approving import PRICE_FEN, Approving, opened, refusal
from tests.scenarios.test_query_templates import approved


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approving]:
    with opened(tmp_path_factory.mktemp("standing")) as made:
        yield made


def made(market: Market, licence_id: str, **changed: Any) -> str:
    day = market.ground.calendar.today(market.now + DAY_S * 1_000_000)
    form = {"order": market.ask(licence_id), "every": "DAY", "first_on": day.isoformat(), "runs_max": 3}
    told = market.buyer.schedules.new({**form, "total_cap_fen": 10 * PRICE_FEN, **changed})
    assert told["state"] == "ACTIVE"
    return str(told["id"])


def runs(market: Market, days: int) -> None:
    """So many days pass; on each, two planners look, as two processes would."""
    for _ in range(days):
        market.passes(DAY_S)
        for planner in (Planner(market.ground), Planner(market.ground)):
            planner.run_once()


def test_a_template_runs_again_and_again_under_its_standing_approval(store: Store, tmp_path: Path) -> None:
    market = Approving(store, tmp_path / "home", "G3")
    computation = {"kind": "template", "template_id": approved(market), "parameters": {"district": "district 1"}}
    ask = market.ask(market.licence(), computation=computation)
    schedule_id = made(market, ask["licence_id"], order=ask, runs_max=2)

    with market.provider.engine() as engine:
        for _ in range(4):
            runs(market, 1)
            market.works(engine)

    told = market.buyer.schedules.one(schedule_id)
    orders = market.buyer.orders()
    assert (told["state"], told["runs"], told["spent_fen"]) == ("COMPLETED", 2, 2 * PRICE_FEN)
    assert len(orders) == 2
    assert market.answer(told["order_id"]).mode == "exact"
    assert market.types_of(schedule_id) == ["schedule.made", "schedule.ran", "schedule.ran", "schedule.completed"]
    assert market.views_follow()
    market.logs()
    assert audited(market).is_clean


def test_runs_that_were_missed_are_made_late_and_each_once(market: Approving) -> None:
    schedule_id = made(market, market.licence())
    before = len(market.buyer.orders())
    market.passes(10 * DAY_S)

    for _ in range(5):
        Planner(market.ground).run_once()

    assert market.buyer.schedules.one(schedule_id)["state"] == "COMPLETED"
    assert len(market.buyer.orders()) == before + 3


@pytest.mark.parametrize(
    ("ends", "reason"),
    [("licence", "E_LICENCE_STATE"), ("cap", "E_SCHEDULE_CAP"), ("money", "E_FUNDS"), ("quota", "E_QUOTA")],
)
def test_it_stops_with_the_reason_when_something_ends(market: Approving, ends: str, reason: str) -> None:
    licence_id = market.licence(jobs_max=1 if ends == "quota" else 50)
    schedule_id = made(market, licence_id, total_cap_fen=PRICE_FEN if ends == "cap" else 10 * PRICE_FEN)
    runs(market, 1)
    if ends == "licence":
        market.supplier.stop_licence(licence_id, "revoke", "SUPPLIER_DECISION")
    if ends == "money":
        other = market.licence()
        for _ in range(market.buyer.escrow()["available_fen"] // PRICE_FEN):
            market.ordered(other)

    runs(market, 2)

    told = market.buyer.schedules.one(schedule_id)
    assert (told["state"], told["runs"], told["reasons"][0]) == ("STOPPED", 1, reason)
    if ends != "cap":
        assert market.buyer.order(told["order_id"])["reasons"][0] == reason
    if ends == "money":
        market.buyer.deposit(250_000, "bank-slip-0009")


def test_only_its_buyer_cancels_it_and_what_cannot_run_is_not_scheduled(market: Approving) -> None:
    licence_id = market.licence()
    schedule_id = made(market, licence_id)
    for other in (market.supplier, market.merchant):
        with pytest.raises(Problem) as stranger:
            other.schedules.do(schedule_id, "cancel")
        assert refusal(stranger.value) == (404, "E_NOT_FOUND")

    assert market.buyer.schedules.do(schedule_id, "cancel")["state"] == "CANCELLED"

    for changed, code in (({"first_on": "2026-02-30"}, "E_MALFORMED"), ({"first_on": "2026-01-05"}, "E_WINDOW"),
                          ({"order": market.ask(licence_id, purpose="MARKETING")}, "E_PURPOSE")):  # fmt: skip
        with pytest.raises(Problem) as refused:
            made(market, licence_id, **changed)
        assert refused.value.code == code


def test_months_are_counted_from_the_first_day(market: Approving) -> None:
    market.now = max(market.now, 1_776_000_000_000_000)
    schedule_id = made(market, market.licence(), every="MONTH", first_on="2027-01-31", runs_max=3, hour=0)
    days = []
    for _ in range(2):
        market.now = market.buyer.schedules.one(schedule_id)["next_at"]
        days.append(market.ground.calendar.today(market.now).isoformat())
        Planner(market.ground).run_once()

    assert days == ["2027-01-31", "2027-02-28"]
    assert market.ground.calendar.today(market.buyer.schedules.one(schedule_id)["next_at"]).isoformat() == "2027-03-31"
