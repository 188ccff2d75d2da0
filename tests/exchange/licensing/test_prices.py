"""Prices that are not for data like this are refused when a listing is asked for, and nothing is recorded of them."""

import pytest

from exchange.classification import service as classification
from exchange.kernel.caller import Role
from exchange.kernel.errors import Guarded
from exchange.licensing import service as licensing
from exchange.licensing.asks import ListingAsk
from exchange.registration import register
from policies.engine import load_policies
from policies.prices import asked
from tests.exchange.forms import form, publicised
from tests.exchange.orders.trading import DAY_US, DOMAIN, Trading
from tests.exchange.rehearsal import COMPLIANCE, REGISTRAR, digest, staff

OTHER = staff(Role.COMPLIANCE, "other")
POLICIES = load_policies()


def certified(trading: Trading, public_status: str) -> str:
    ask = form(DOMAIN, attributes={"public_status": public_status}, fingerprint=digest(public_status))
    asset_id = publicised(trading.market, trading.supplier, ask).id
    with trading.market.ground.writing(trading.supplier) as unit:
        classification.self_grade(unit, asset_id, "G2")
    for person, step in ((COMPLIANCE, classification.review), (OTHER, classification.confirm)):
        with trading.market.ground.writing(person) as unit:
            step(unit, asset_id)
    trading.market.now += 20 * DAY_US
    with trading.market.ground.writing(REGISTRAR) as unit:
        return register.issue_certificate(unit, asset_id).id


@pytest.mark.parametrize(("public_status", "code"), [("OPENED", "E_PRICE_MODEL"), ("AUTHORISED", "E_PRICE_CAP")])
def test_public_data_is_not_sold_like_a_companys(trading: Trading, public_status: str, code: str) -> None:
    template = trading.listing().template
    assert template is not None
    ask = ListingAsk(
        asset_id=certified(trading, public_status),
        merchant_id=trading.supplier.participant_id,
        template=template,
        quality_report_sha256=digest("quality"),
    )

    with pytest.raises(Guarded) as refused, trading.market.ground.writing(trading.supplier) as unit:
        licensing.submit_listing(unit, ask)

    assert refused.value.reason == code


def test_an_operator_sells_within_its_cap_and_never_by_auction() -> None:
    assert asked(POLICIES, model="P2", public_status="AUTHORISED", within_cap=True).permitted
    assert asked(POLICIES, model="P7", public_status="AUTHORISED", within_cap=True).reasons == ("E_PRICE_MODEL",)
    assert asked(POLICIES, model="P10", public_status="AUTHORISED", within_cap=True, within_revenue=False).reasons == (
        "E_PRICE_CAP",
    )


def test_what_is_not_known_to_be_free_of_public_claims_has_no_price() -> None:
    assert asked(POLICIES, model="P1", public_status=None).reasons == ("E_PRICE_MODEL",)
