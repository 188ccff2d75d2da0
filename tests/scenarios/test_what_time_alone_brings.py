"""What time alone brings about: tickets lapse, silence accepts, and what the broker lost is sent again."""

import pytest

from exchange.client.connection import Problem
from exchange.kernel.clock import SECOND
from tests.market import DAY_S, Market, Ready

TICKET_S, GRACE_S = 900, 60


def state(market: Market, order_id: str) -> str:
    market.clockwork.run_once()
    return str(market.buyer.order(order_id)["state"])


def test_a_ticket_nobody_answers_lapses_after_its_time_and_the_grace(market: Market) -> None:
    order_id = market.ordered()
    market.passes(TICKET_S + GRACE_S - 1)
    assert state(market, order_id) == "TICKETED"

    market.passes(1)

    assert state(market, order_id) == "LAPSED"
    assert market.buyer.order(order_id)["refund_rule"] == "R2"
    assert market.buyer.escrow() == {"available_fen": 250_000, "held_fen": 0}
    events = market.buyer.order_events(order_id)
    assert state(market, order_id) == "LAPSED"
    assert market.buyer.order_events(order_id) == events


def test_a_receipt_that_was_on_its_way_is_taken_within_the_grace(market: Market) -> None:
    order_id = market.ordered()
    market.computes()
    market.passes(TICKET_S + GRACE_S - 1)

    market.provider.report()

    market.passes(1)
    assert state(market, order_id) == "DELIVERED"


def test_a_receipt_after_the_lapse_changes_nothing_and_is_not_kept_for_ever(market: Market) -> None:
    order_id = market.ordered()
    market.computes()
    market.passes(TICKET_S + GRACE_S)
    assert state(market, order_id) == "LAPSED"
    before = market.balances()

    assert market.provider.report() == 1

    assert state(market, order_id) == "LAPSED"
    assert market.balances() == before
    assert market.provider.claims.undelivered() == []


def test_silence_accepts_when_the_fifth_working_day_is_over_and_not_before(market: Market) -> None:
    order_id = market.ordered()
    market.works()
    # Delivered on Monday, 23 March: the fifth working day after it is Monday the 30th.
    market.now = market.buyer.order(order_id)["inspection_ends_at"] - 1
    assert state(market, order_id) == "DELIVERED"

    market.now += 1

    assert (market.now // SECOND + 8 * 3600) % DAY_S == 0
    assert state(market, order_id) == "COMPLETED"
    assert market.buyer.order_events(order_id)[-1]["type"] == "order.completed"
    assert market.staff["settlement clerk"].close_day()["gross_fen"] == 160_850


def test_who_accepted_by_silence_cannot_accept_again(market: Market) -> None:
    order_id = market.ordered()
    market.works()
    market.passes(8 * DAY_S)
    assert state(market, order_id) == "COMPLETED"

    with pytest.raises(Problem) as told:
        market.buyer.accept(order_id)
    assert (told.value.status, told.value.code) == (409, "E_STATE")


def test_a_ticket_the_broker_lost_is_sent_again_and_runs_once(market: Market) -> None:
    order_id, engine = market.ordered(), Ready()
    market.dispatches()
    market.queues.waiting.clear()
    market.clockwork.run_once()
    assert market.queues.waiting == {}

    market.passes(15)
    market.clockwork.run_once()
    sent_again = dict(market.queues.waiting)
    market.works(engine)
    market.queues.waiting.update(sent_again)
    market.works(engine)

    assert len(sent_again) == engine.asked == 1
    assert state(market, order_id) == "DELIVERED"
