"""S19: an answer turns out to be defective after everybody was paid; the arbiter gives 30 % back, to the fen."""

from pathlib import Path

import pytest

from exchange.client.auditing.evidence import checked_evidence
from exchange.client.connection import Problem
from exchange.ledger.store import Store
from tests.exchange.audit.auditing import audited
from tests.market import DAY_S
from tests.scenarios.disputing import GROSS_FEN, Disputed, refusal


@pytest.fixture
def market(store: Store, tmp_path: Path) -> Disputed:
    return Disputed(store, tmp_path / "home")


def decided(market: Disputed, order_id: str) -> str:
    """From the claim on the tenth day by silence and a fruitless mediation to 30 %."""
    market.passes(9 * DAY_S)
    claim = market.buyer.disputes.open(order_id, "QUALITY", GROSS_FEN, ["b" * 64])
    dispute_id = str(claim["id"])
    assert market.buyer.order(order_id)["state"] == "DISPUTED"
    # Opened on Thursday, 2 April: five working days end with Thursday the 9th, ten more with the 23rd.
    market.ticks(days=7)
    assert market.supplier.disputes.one(dispute_id)["state"] == "OPENED"
    market.ticks(days=1)
    silent = market.supplier.disputes.one(dispute_id)
    assert (silent["state"], silent["is_silent"]) == ("MEDIATION", True)
    market.ticks(days=14)
    assert market.supplier.disputes.one(dispute_id)["state"] == "MEDIATION"
    market.ticks(days=1)
    assert market.supplier.disputes.one(dispute_id)["state"] == "ARBITRATION"
    assert market.decides(dispute_id, 3_000) == "CLOSED"
    return dispute_id


def test_thirty_per_cent_go_back_and_everybody_bears_what_it_received(market: Disputed) -> None:
    order_id = market.settled()
    assert market.statement(market.supplier) == [540_001]

    dispute_id = decided(market, order_id)

    order = market.buyer.order(order_id)
    assert (order["state"], order["refund_fen"], order["refund_rule"]) == ("PARTIALLY_REFUNDED", 180_000, "R6")
    assert market.buyer.disputes.one(dispute_id)["refund_fen"] == 180_000
    assert market.statement(market.supplier) == [540_001, -162_000]
    assert market.statement(market.merchant) == [42_000, -12_600]
    assert market.of_exchange() == [18_000, -5_400]
    kept = [*market.statement(market.supplier), *market.statement(market.merchant), *market.of_exchange()]
    assert sum(kept) == 420_001
    assert market.buyer.escrow() == {"available_fen": GROSS_FEN + 180_000, "held_fen": 0}
    assert {name: fen for name, fen in market.balances().items() if fen} == {
        f"escrow:{market.id_of('buyer')}": 780_001,
        "rail:bank": -600_001,
        f"receivable:{market.id_of('supplier')}": -162_000,
        f"receivable:{market.id_of('merchant')}": -12_600,
        "receivable:part_exchange": -5_400,
    }
    market.holds()


def test_what_a_payee_owes_is_kept_from_its_next_payout(market: Disputed) -> None:
    decided(market, market.settled())

    next_order = market.delivered()
    market.buyer.accept(next_order)
    market.paid(days=3)

    assert market.statement(market.supplier) == [540_001, 540_001, -162_000]
    assert {name: fen for name, fen in market.balances().items() if fen} == {
        f"escrow:{market.id_of('buyer')}": 180_000,
        "rail:bank": -180_000,
    }
    market.holds()


def test_every_step_of_it_is_in_the_log_and_what_was_posted_before_stays(market: Disputed) -> None:
    order_id = market.settled()
    decided(market, order_id)
    market.logs()

    bundle = market.staff["auditor"].evidence(order_id)

    told = [one.type for one in checked_evidence(bundle, market.admin.about()["log_vkeys"]) if one.subject == order_id]
    assert told[-3:] == ["order.completed", "order.disputed", "order_partially.refunded"]
    report = audited(market)
    assert (report.findings, report.rows["dispute"], report.unfolded) == ((), 1, ())


def test_the_fifteenth_day_is_in_time_and_the_sixteenth_is_not(market: Disputed) -> None:
    first, second = market.delivered(), market.delivered()
    # Delivered on 23 March, so the fifteenth day is 7 April, to its end in Shanghai.
    market.now += (15 * DAY_S - (market.now_s + 8 * 3_600) % DAY_S + DAY_S) * 1_000_000 - 1
    market.clockwork.run_once()
    assert market.buyer.disputes.open(first, "QUALITY", 1)["state"] == "OPENED"

    market.now += 1
    with pytest.raises(Problem) as late:
        market.buyer.disputes.open(second, "QUALITY", 1)

    assert refusal(late.value) == (403, "E_WINDOW")
    (rejected,) = [one for one in market.buyer.disputes.all() if one["state"] == "REJECTED"]
    assert rejected["order_id"] == second
    assert market.buyer.disputes.one(rejected["id"])["reason"] == "E_WINDOW"
    assert market.buyer.order(second)["state"] == "COMPLETED"
    market.holds()
