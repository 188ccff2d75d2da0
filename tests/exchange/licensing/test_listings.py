"""Listings that are paused, suspended, reinstated and taken down; and whose word counts more."""

import pytest

from exchange.kernel.caller import Caller, Role
from exchange.kernel.errors import Forbidden, Guarded, NotFound
from exchange.licensing import listings, stops
from exchange.licensing.model import Listing
from tests.exchange.orders.trading import DAY_US, Trading
from tests.exchange.rehearsal import COMPLIANCE, REGULATOR, digest

RIVAL = Caller("part_rival", "psn_rival", frozenset({Role.SUPPLIER}))


def paused(trading: Trading) -> Listing:
    with trading.market.ground.writing(trading.supplier) as unit:
        return listings.pause(unit, trading.listing_id)


def delisted(trading: Trading, caller: Caller) -> Listing:
    with trading.market.ground.writing(caller) as unit:
        return listings.delist(unit, trading.listing_id, "GIVEN_UP")


def suspended(trading: Trading, caller: Caller) -> Listing:
    with trading.market.ground.writing(caller) as unit:
        return listings.suspend(unit, trading.listing_id, "DATA_BREACH")


def test_a_pause_stops_new_licences_and_leaves_running_ones_alone(trading: Trading) -> None:
    paused(trading)

    with pytest.raises(Guarded):
        trading.request()
    assert trading.reasons() == ()

    with trading.market.ground.writing(trading.supplier) as unit:
        listings.resume(unit, trading.listing_id)
    trading.request()


def test_a_suspension_stops_orders_under_running_licences(trading: Trading) -> None:
    suspended(trading, COMPLIANCE)

    assert trading.reasons() == ("E_ASSET_STATE",)


def test_a_lister_with_open_licences_gives_thirty_days_notice_by_a_pause(trading: Trading) -> None:
    for wait_us in (0, 30 * DAY_US - 1):
        with pytest.raises(Guarded) as early:
            delisted(trading, trading.supplier)
        assert early.value.reason == "E_NOTICE"
        if not wait_us:
            paused(trading)
        trading.market.now += wait_us

    trading.market.now += 30 * DAY_US

    assert delisted(trading, trading.supplier).state == "DELISTED"


def test_a_listing_without_open_licences_is_taken_down_at_once(trading: Trading) -> None:
    with trading.market.ground.writing(trading.supplier) as unit:
        stops.revoke(unit, trading.licence_id, "GIVEN_UP")

    assert delisted(trading, trading.supplier).state == "DELISTED"


def test_an_authority_takes_a_listing_down_at_once(trading: Trading) -> None:
    delisted(trading, COMPLIANCE)

    assert trading.reasons() == ("E_ASSET_STATE",)


def test_what_the_regulator_suspended_the_exchange_does_not_reinstate(trading: Trading) -> None:
    suspended(trading, REGULATOR)

    with pytest.raises(Forbidden), trading.market.ground.writing(COMPLIANCE) as unit:
        listings.reinstate(unit, trading.listing_id, digest("report"))
    with trading.market.ground.writing(REGULATOR) as unit:
        listings.reinstate(unit, trading.listing_id, digest("report"))

    assert trading.reasons() == ()


@pytest.mark.parametrize("authority", [COMPLIANCE, REGULATOR], ids=["compliance", "regulator"])
def test_a_provider_does_not_resume_a_licence_an_authority_suspended(trading: Trading, authority: Caller) -> None:
    with trading.market.ground.writing(authority) as unit:
        stops.suspend(unit, trading.licence_id, "DATA_BREACH")

    with pytest.raises(Forbidden), trading.market.ground.writing(trading.supplier) as unit:
        stops.resume(unit, trading.licence_id)
    with trading.market.ground.writing(REGULATOR) as unit:
        stops.resume(unit, trading.licence_id)

    assert trading.licence().state == "ACTIVE"


def test_what_a_provider_suspended_it_may_resume(trading: Trading) -> None:
    with trading.market.ground.writing(trading.supplier) as unit:
        stops.suspend(unit, trading.licence_id, "MAINTENANCE")
    assert trading.reasons() == ("E_LICENCE_STATE",)

    with trading.market.ground.writing(trading.supplier) as unit:
        stops.resume(unit, trading.licence_id)

    assert trading.reasons() == ()


def test_a_rival_touches_nothing(trading: Trading) -> None:
    for step in (listings.pause, listings.resume):
        with pytest.raises(NotFound), trading.market.ground.writing(RIVAL) as unit:
            step(unit, trading.listing_id)
    with pytest.raises(NotFound):
        delisted(trading, RIVAL)
    with pytest.raises(Forbidden):
        suspended(trading, RIVAL)
    with pytest.raises(NotFound), trading.market.ground.writing(RIVAL) as unit:
        stops.terminate(unit, trading.licence_id)
