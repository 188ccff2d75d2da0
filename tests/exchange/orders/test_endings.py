"""How orders end: cancelled, lapsed, accepted, accepted by silence; each once, and the money with them."""

from dataclasses import replace

import pytest

from exchange.classification import service as classification
from exchange.kernel.caller import CLOCKWORK, Role
from exchange.kernel.errors import IllegalTransition, NotFound
from exchange.orders import endings
from exchange.orders.model import LAPSE_GRACE_S, Order
from exchange.wire.refusals import Refusal
from tests.exchange.orders.trading import DEPOSIT_FEN, PRICE_FEN, Trading
from tests.exchange.rehearsal import COMPLIANCE


def cancelled(trading: Trading, order_id: str) -> Order:
    with trading.market.ground.writing(trading.buyer) as unit:
        return endings.cancel(unit, order_id)


def test_a_cancelled_order_gives_everything_back(trading: Trading) -> None:
    order = trading.order()
    assert trading.escrow_fen() == DEPOSIT_FEN - PRICE_FEN

    order = cancelled(trading, order.id)

    assert (order.state, order.refund_rule) == ("CANCELLED", "R1")
    assert trading.escrow_fen() == DEPOSIT_FEN


@pytest.mark.parametrize("refusal", [None, Refusal.INTERRUPTED], ids=["answer", "code"])
def test_a_receipt_for_a_cancelled_order_releases_nothing(trading: Trading, refusal: Refusal | None) -> None:
    order = cancelled(trading, trading.order().id)

    with pytest.raises(IllegalTransition) as refused:
        trading.report(order, refusal)

    assert refused.value.reason == "E_STATE"
    after = trading.order_now(order.id)
    assert (after.state, after.receipt, trading.escrow_fen()) == ("CANCELLED", None, DEPOSIT_FEN)


def test_what_was_delivered_is_not_cancelled(trading: Trading) -> None:
    order = trading.report(trading.order())

    with pytest.raises(IllegalTransition):
        cancelled(trading, order.id)

    assert trading.escrow_fen() == DEPOSIT_FEN - PRICE_FEN


def test_nobody_cancels_another_buyers_order(trading: Trading) -> None:
    order = trading.order()

    with pytest.raises(NotFound), trading.market.ground.writing(trading.supplier) as unit:
        endings.cancel(unit, order.id)


def test_a_ticket_without_a_receipt_lapses_after_its_time_and_a_grace(trading: Trading) -> None:
    order = trading.order()

    trading.tick(seconds=900 + LAPSE_GRACE_S - 1)
    assert trading.order_now(order.id).state == "TICKETED"
    trading.tick(seconds=1)

    after = trading.order_now(order.id)
    assert (after.state, after.refund_rule, trading.escrow_fen()) == ("LAPSED", "R2", DEPOSIT_FEN)


def test_a_receipt_for_a_lapsed_order_releases_nothing(trading: Trading) -> None:
    order = trading.order()
    trading.tick(seconds=2_000)

    with pytest.raises(IllegalTransition):
        trading.report(order)

    assert trading.escrow_fen() == DEPOSIT_FEN


def test_silence_is_acceptance_once_the_inspection_is_over(trading: Trading) -> None:
    order = trading.report(trading.order())

    trading.market.now = order.inspection_ends_at - 1
    trading.tick()
    assert trading.order_now(order.id).state == "DELIVERED"
    trading.market.now += 1
    trading.tick()

    assert trading.order_now(order.id).state == "COMPLETED"


def test_time_that_comes_twice_does_nothing_more(trading: Trading) -> None:
    order = trading.order()
    trading.tick(seconds=2_000)
    version = trading.order_now(order.id).version

    trading.tick()
    with trading.market.ground.writing(CLOCKWORK) as unit:
        endings.lapse(unit, order.id)
        endings.accept_by_silence(unit, order.id)

    assert trading.order_now(order.id).version == version


def test_a_key_that_does_not_buy_neither_accepts_nor_cancels_its_own_houses_order(trading: Trading) -> None:
    order, node = trading.order(), replace(trading.buyer, roles=frozenset({Role.NODE}))

    for act in (endings.cancel, endings.accept_result):
        with pytest.raises(NotFound), trading.market.ground.writing(node) as unit:
            act(unit, order.id)


def test_a_grade_under_review_again_stops_the_next_order(trading: Trading) -> None:
    with trading.market.ground.writing(COMPLIANCE) as unit:
        classification.trigger_regrade(unit, trading.asset_id, "SCHEMA_CHANGED")
    assert trading.reasons() == ()

    with trading.market.ground.writing(trading.supplier) as unit:
        classification.self_grade(unit, trading.asset_id, "G3")
    with trading.market.ground.writing(COMPLIANCE) as unit:
        classification.review(unit, trading.asset_id)

    assert trading.reasons() == ("E_APPROVAL",)
