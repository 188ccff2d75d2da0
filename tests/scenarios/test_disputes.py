"""Disputes before anybody was paid, by agreement, withdrawn, about ownership; and who may not do what."""

from pathlib import Path

import pytest

from exchange.client.connection import Problem
from exchange.ledger.store import Store
from tests.market import DAY_S
from tests.scenarios.disputing import GROSS_FEN, D, Disputed, refusal


@pytest.fixture
def market(store: Store, tmp_path: Path) -> Disputed:
    return Disputed(store, tmp_path / "home")


def in_arbitration(market: Disputed, order_id: str, category: str = "QUALITY") -> str:
    dispute_id = str(market.buyer.disputes.open(order_id, category, GROSS_FEN)["id"])
    assert market.supplier.disputes.respond(dispute_id, [D])["state"] == "MEDIATION"
    assert market.supplier.disputes.escalate(dispute_id)["state"] == "ARBITRATION"
    return dispute_id


def test_a_contested_order_is_neither_accepted_by_silence_nor_paid_while_the_dispute_lasts(market: Disputed) -> None:
    order_id = market.delivered()
    in_arbitration(market, order_id)

    market.ticks(days=30)

    assert market.buyer.order(order_id)["state"] == "DISPUTED"
    with pytest.raises(Problem) as nothing_due:
        market.staff["settlement clerk"].close_day()
    assert nothing_due.value.code == "E_BATCH_EMPTY"
    assert market.answer(order_id).rows


def test_before_anybody_was_paid_the_share_comes_from_what_is_held_and_the_rest_is_split(market: Disputed) -> None:
    order_id = market.delivered()

    assert market.decides(in_arbitration(market, order_id), 3_000) == "CLOSED"
    market.paid()

    assert market.buyer.order(order_id)["state"] == "PARTIALLY_REFUNDED"
    assert market.buyer.escrow() == {"available_fen": GROSS_FEN + 180_000, "held_fen": 0}
    # 420,001 by 90, 7 and 3 of 100: 378,000.9, 29,400.07 and 12,600.03.
    assert market.statement(market.supplier) == [378_001]
    assert (market.statement(market.merchant), market.of_exchange()) == ([29_400], [12_600])
    market.holds()


def test_all_of_it_may_go_back(market: Disputed) -> None:
    order_id = market.delivered()
    market.buyer.accept(order_id)

    market.decides(in_arbitration(market, order_id), 10_000)

    assert market.buyer.order(order_id)["state"] == "REFUNDED"
    assert market.buyer.escrow() == {"available_fen": 2 * GROSS_FEN, "held_fen": 0}
    with pytest.raises(Problem) as nothing_due:
        market.staff["settlement clerk"].close_day()
    assert nothing_due.value.code == "E_BATCH_EMPTY"
    market.holds()


@pytest.mark.parametrize("how", ["dismissed", "withdrawn"])
def test_a_claim_that_fails_lets_the_money_go_on(market: Disputed, how: str) -> None:
    order_id = market.delivered()
    if how == "dismissed":
        market.decides(in_arbitration(market, order_id), 0, "NONE")
    else:
        claim = market.buyer.disputes.open(order_id, "QUALITY", GROSS_FEN)
        assert market.buyer.disputes.withdraw(claim["id"])["state"] == "WITHDRAWN"

    assert market.buyer.order(order_id)["state"] == "COMPLETED"
    market.paid()
    assert market.statement(market.supplier) == [540_001]
    market.holds()


def test_what_is_in_arbitration_is_not_withdrawn_any_more(market: Disputed) -> None:
    dispute_id = in_arbitration(market, market.delivered())

    with pytest.raises(Problem) as refused:
        market.buyer.disputes.withdraw(dispute_id)

    assert refusal(refused.value) == (409, "E_STATE")


def test_both_parties_settle_by_the_same_terms_and_neither_alone(market: Disputed) -> None:
    order_id = market.settled()
    dispute_id = market.buyer.disputes.open(order_id, "QUALITY", GROSS_FEN)["id"]
    market.supplier.disputes.respond(dispute_id)

    states = [
        market.buyer.disputes.agree(dispute_id, 2_000, D)["state"],
        market.buyer.disputes.agree(dispute_id, 2_000, D)["state"],
        market.supplier.disputes.agree(dispute_id, 1_000, D)["state"],
        market.buyer.disputes.agree(dispute_id, 1_000, D)["state"],
    ]

    assert states == ["MEDIATION", "MEDIATION", "MEDIATION", "CLOSED"]
    assert market.buyer.order(order_id)["refund_fen"] == 60_000
    market.holds()


def test_a_claim_of_ownership_freezes_the_certificate_until_it_is_dismissed(market: Disputed) -> None:
    asset_id, order_id = market.listing["asset_id"], market.settled()
    market.passes(400 * DAY_S)
    dispute_id = in_arbitration(market, order_id, "OWNERSHIP")
    assert market.supplier.asset(asset_id)["state"] == "FROZEN"

    market.decides(dispute_id, 0, "NONE")

    assert market.supplier.asset(asset_id)["state"] == "CERTIFIED"


def test_a_claim_of_ownership_that_holds_leaves_the_certificate_frozen(market: Disputed) -> None:
    asset_id, order_id = market.listing["asset_id"], market.settled()

    market.decides(in_arbitration(market, order_id, "OWNERSHIP"), 10_000)

    assert market.supplier.asset(asset_id)["state"] == "FROZEN"
    assert market.buyer.order(order_id)["state"] == "REFUNDED"
    market.holds()


def test_what_an_authority_froze_a_dispute_does_not_set_free(market: Disputed) -> None:
    asset_id, order_id = market.listing["asset_id"], market.settled()
    market.on_duty("REGULATOR").asset_step(asset_id, "freeze", {"order_sha256": "c" * 64})

    market.decides(in_arbitration(market, order_id, "OWNERSHIP"), 0, "NONE")

    assert market.supplier.asset(asset_id)["state"] == "FROZEN"


def test_two_years_for_ownership_and_not_a_day_more(market: Disputed) -> None:
    order_id = market.settled()
    # Paid on 24 March 2026; 2028 has a 29 February, so this is 24 March 2028.
    market.passes(731 * DAY_S)

    with pytest.raises(Problem) as late:
        market.buyer.disputes.open(order_id, "OWNERSHIP", 1)

    assert refusal(late.value) == (403, "E_WINDOW")
    assert market.supplier.asset(market.listing["asset_id"])["state"] == "CERTIFIED"


def test_a_provider_claims_scope_but_not_quality_and_holds_no_money(market: Disputed) -> None:
    order_id = market.delivered()

    with pytest.raises(Problem) as refused:
        market.supplier.disputes.open(order_id, "QUALITY", 0)
    opened = market.supplier.disputes.open(order_id, "SCOPE_BREACH", 0)

    assert refusal(refused.value) == (403, "E_STANDING")
    assert opened["respondent_id"] == market.id_of("buyer")
    assert market.buyer.order(order_id)["state"] == "DELIVERED"


def test_strangers_see_nothing_and_parties_do_not_judge(market: Disputed) -> None:
    order_id = market.delivered()
    with pytest.raises(Problem) as stranger:
        market.merchant.disputes.open(order_id, "QUALITY", 1)
    dispute_id = in_arbitration(market, order_id)

    with pytest.raises(Problem) as unseen:
        market.merchant.disputes.one(dispute_id)
    with pytest.raises(Problem) as judge:
        market.decides_as(market.buyer, dispute_id)

    assert [refusal(one.value) for one in (stranger, unseen, judge)] == [
        (404, "E_NOT_FOUND"),
        (404, "E_NOT_FOUND"),
        (403, "E_ROLE"),
    ]
    assert market.merchant.disputes.all() == []
    assert [one["id"] for one in market.arbiter.disputes.all()] == [dispute_id]


def test_nobody_claims_or_is_given_more_than_was_paid_or_claimed(market: Disputed) -> None:
    order_id = market.delivered()

    with pytest.raises(Problem) as too_much:
        market.buyer.disputes.open(order_id, "QUALITY", GROSS_FEN + 1)
    dispute_id = market.buyer.disputes.open(order_id, "QUALITY", 100)["id"]
    market.supplier.disputes.respond(dispute_id)
    market.buyer.disputes.escalate(dispute_id)
    with pytest.raises(Problem) as more:
        market.decides(dispute_id, 3_000)

    assert [refusal(one.value) for one in (too_much, more)] == [(409, "E_CLAIM"), (409, "E_CLAIM")]


def test_an_order_is_contested_once_at_a_time_and_only_once_for_one_cause(market: Disputed) -> None:
    order_id = market.delivered()
    dispute_id = market.buyer.disputes.open(order_id, "QUALITY", 1)["id"]

    with pytest.raises(Problem) as second:
        market.buyer.disputes.open(order_id, "BILLING", 1)
    market.buyer.disputes.withdraw(dispute_id)
    with pytest.raises(Problem) as again:
        market.buyer.disputes.open(order_id, "QUALITY", 1)

    assert [refusal(one.value) for one in (second, again)] == [(409, "E_STATE"), (409, "E_STATE")]


def test_what_was_never_delivered_has_nothing_to_contest(market: Disputed) -> None:
    order_id = market.ordered(market.licence_id)

    with pytest.raises(Problem) as refused:
        market.buyer.disputes.open(order_id, "NON_DELIVERY", 1)

    assert refusal(refused.value) == (409, "E_STATE")
