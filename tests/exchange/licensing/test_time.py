"""What time alone does to licences, certificates and listings; and what the next order is told."""

import pytest

from exchange.kernel.errors import Guarded, IllegalTransition, RecordedRefusal
from exchange.licensing import listings, stops
from exchange.licensing.model import Licence
from exchange.registration import register
from tests.exchange.orders.trading import DEPOSIT_FEN, JOBS_MAX, Trading
from tests.exchange.rehearsal import COMPLIANCE, REGULATOR, digest

ORDER_REF = digest("order of the regulator")


def state_of(trading: Trading, licence_id: str) -> str:
    with trading.market.ground.reading(trading.buyer) as unit:
        return unit.get(Licence, licence_id).state


def frozen(trading: Trading) -> None:
    with trading.market.ground.writing(REGULATOR) as unit:
        register.freeze(unit, trading.asset_id, ORDER_REF)


def test_a_licence_expires_at_the_first_second_it_does_not_cover(trading: Trading) -> None:
    ends_us = trading.licence().agreed_terms.valid_to_s * 1_000_000

    trading.market.now = ends_us - 1
    trading.tick()
    assert trading.licence().state == "ACTIVE"
    assert trading.reasons() == ()
    trading.market.now = ends_us
    assert trading.reasons() == ("E_LICENCE_STATE",)
    trading.tick()

    assert trading.licence().state == "EXPIRED"


def test_a_suspended_licence_expires_as_well(trading: Trading) -> None:
    with trading.market.ground.writing(trading.supplier) as unit:
        stops.suspend(unit, trading.licence_id, "MAINTENANCE")

    trading.tick(days=30)

    assert trading.licence().state == "EXPIRED"


def test_a_licence_is_exhausted_when_its_last_ticket_has_ended_and_that_answer_still_comes_in(trading: Trading) -> None:
    orders = [trading.order() for _ in range(JOBS_MAX)]
    assert trading.reasons() == ("E_QUOTA",)

    for order in orders:
        trading.tick()
        assert trading.licence().state == "ACTIVE"
        assert trading.report(order).state == "DELIVERED"
    trading.tick()

    assert trading.licence().state == "EXHAUSTED"


def test_a_request_nobody_answers_is_refused_after_ten_working_days(trading: Trading) -> None:
    licence_id = trading.request()

    trading.tick(days=12)
    assert state_of(trading, licence_id) == "REQUESTED"
    trading.tick(days=1)

    assert state_of(trading, licence_id) == "REFUSED"


def test_an_offer_gives_the_buyer_ten_working_days_of_its_own(trading: Trading) -> None:
    licence_id = trading.request()
    trading.tick(days=7)
    trading.offer(licence_id)

    trading.tick(days=8)
    assert state_of(trading, licence_id) == "OFFERED"
    trading.tick(days=8)

    assert state_of(trading, licence_id) == "REFUSED"


def test_whoever_answers_too_late_is_told_so_though_the_timer_has_not_come(trading: Trading) -> None:
    licence_id = trading.request()
    trading.market.now += 16 * 86_400_000_000

    with pytest.raises(Guarded) as late:
        trading.offer(licence_id)

    assert late.value.reason == "E_WINDOW"


def test_a_frozen_certificate_stops_the_next_order_at_once_and_suspends_what_rests_on_it(trading: Trading) -> None:
    frozen(trading)

    with pytest.raises(RecordedRefusal) as refused, trading.market.ground.reading(trading.buyer):
        trading.order()
    assert refused.value.reason == "E_ASSET_STATE"
    trading.tick()

    assert (trading.listing().state, trading.licence().state) == ("SUSPENDED", "SUSPENDED")


def test_an_answer_that_comes_after_the_freeze_is_not_released_and_paid_back(trading: Trading) -> None:
    order = trading.order()
    frozen(trading)

    after = trading.report(order)

    assert (after.state, after.refund_rule, after.cause) == ("FAILED", "R8", "CERTIFICATE_ENDED")
    assert trading.escrow_fen() == DEPOSIT_FEN


def test_nothing_goes_on_before_the_certificate_is_unfrozen(trading: Trading) -> None:
    frozen(trading)
    trading.tick()

    with pytest.raises(Guarded), trading.market.ground.writing(trading.supplier) as unit:
        stops.resume(unit, trading.licence_id)
    with pytest.raises(Guarded), trading.market.ground.writing(COMPLIANCE) as unit:
        listings.reinstate(unit, trading.listing_id, digest("report"))

    with trading.market.ground.writing(REGULATOR) as unit:
        register.unfreeze(unit, trading.asset_id, ORDER_REF)
    with trading.market.ground.writing(trading.supplier) as unit:
        stops.resume(unit, trading.licence_id)
    with trading.market.ground.writing(COMPLIANCE) as unit:
        listings.reinstate(unit, trading.listing_id, digest("report"))
    trading.tick()

    assert trading.reasons() == ()


def test_a_certificate_expires_after_its_last_day_and_takes_the_listing_along(trading: Trading) -> None:
    trading.tick(days=3 * 365 - 1)
    assert trading.asset().state == "CERTIFIED"

    trading.market.now += 3 * 86_400_000_000
    assert "E_ASSET_STATE" in trading.reasons()
    trading.tick()

    assert (trading.asset().state, trading.listing().state) == ("EXPIRED", "SUSPENDED")


def test_a_terminated_licence_needs_both_parties(trading: Trading) -> None:
    for again in range(2):
        with trading.market.ground.writing(trading.buyer) as unit:
            assert stops.terminate(unit, trading.licence_id).state == "ACTIVE", again

    with trading.market.ground.writing(trading.supplier) as unit:
        stops.terminate(unit, trading.licence_id)

    assert trading.licence().state == "TERMINATED"
    with pytest.raises(IllegalTransition), trading.market.ground.writing(trading.supplier) as unit:
        stops.resume(unit, trading.licence_id)
