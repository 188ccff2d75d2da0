"""A merchant who puts other people's data on the market, and a provider who goes on while it is suspended."""

import pytest

from exchange.access import oversight
from exchange.access.asks import SuspensionAsk
from exchange.kernel.caller import Caller
from exchange.kernel.errors import Forbidden, Guarded
from exchange.licensing import service as licensing
from exchange.licensing.asks import Assessment, ListingAsk
from tests.exchange.orders.trading import Trading, begun
from tests.exchange.rehearsal import COMPLIANCE, Market, digest


def assessed(trading: Trading, lister: Caller) -> str:
    """A listing of the supplier's asset, prepared by somebody and passed by the exchange."""
    market, template = trading.market, trading.listing().template
    assert template is not None
    quality, merchant_id = digest("quality"), lister.participant_id
    ask = ListingAsk(
        asset_id=trading.asset_id, merchant_id=merchant_id, template=template, quality_report_sha256=quality
    )
    with market.ground.writing(lister) as unit:
        listing_id = licensing.submit_listing(unit, ask).id
    with market.ground.writing(COMPLIANCE) as unit:
        passed = Assessment(passed=True, report_sha256=digest("report"), assessor_id="part_assessor")
        return licensing.assess(unit, listing_id, passed).id


def test_no_data_goes_live_that_its_holder_did_not_let_go_live(market: Market) -> None:
    trading, merchant = begun(market), market.admitted("DATA_MERCHANT")
    listing_id = assessed(trading, merchant)

    with pytest.raises(Forbidden), market.ground.writing(merchant) as unit:
        licensing.publish(unit, listing_id)

    with market.ground.writing(trading.supplier) as unit:
        assert licensing.publish(unit, listing_id).state == "LIVE"


def test_a_suspended_provider_begins_nothing_new(market: Market) -> None:
    trading = begun(market)
    asked, listing_id = trading.request(), assessed(trading, trading.supplier)
    with market.ground.writing(COMPLIANCE) as unit:
        oversight.suspend(unit, trading.supplier.participant_id, SuspensionAsk(ground="MISUSE", until_s=0))

    with pytest.raises(Guarded):
        trading.offer(asked)
    with pytest.raises(Guarded), market.ground.writing(trading.supplier) as unit:
        licensing.publish(unit, listing_id)
