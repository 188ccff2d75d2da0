"""Terms put to and fro: either side may want others, the domain signs anew, and both sign the same bytes."""

from typing import Any

import pytest

from exchange.client.agreement import countersigned
from tests.scenarios.overseeing import Overseen, opened, refused


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Overseen:
    return opened(tmp_path_factory.mktemp("bargain"))


def countered(market: Overseen, who: Any, licence_id: str, **changed: Any) -> dict[str, Any]:
    terms = {**market.listing["template"], **changed}
    answer: dict[str, Any] = who.http.post(f"/v1/licences/{licence_id}:counter", {"terms": terms})
    return answer


def test_other_terms_are_offered_and_agreed(market: Overseen) -> None:
    licence_id = market.buyer.request_licence(market.listing["id"], {**market.listing["template"], "jobs_max": 9})["id"]
    market.provider.sign(licence_id)

    again = countered(market, market.buyer, licence_id, jobs_max=7)
    assert (again["state"], again["envelope"], again["terms"]["jobs_max"]) == ("REQUESTED", None, 7)
    assert countered(market, market.supplier, licence_id, jobs_max=5)["terms"]["jobs_max"] == 5
    market.provider.sign(licence_id)
    asked = {**market.listing["template"], "jobs_max": 5}
    signed = countersigned(
        market.wallets["buyer"],
        market.buyer.licence(licence_id),
        asked=asked,
        listing_id=market.listing["id"],
        domain_key=market.provider.domain.key.public,
    )
    assert market.buyer.agree(licence_id, signed)["state"] == "ACTIVE"
    assert market.types_of(licence_id) == [
        "licence.requested",
        "licence.offered",
        "licence.countered",
        "licence.countered",
        "licence.offered",
        "licence.agreed",
        "licence.activated",
    ]


def test_nobody_bargains_beyond_the_template_nor_for_others_nor_for_ever(market: Overseen) -> None:
    licence_id = market.buyer.request_licence(market.listing["id"], market.listing["template"])["id"]

    more = {"jobs_max": market.listing["template"]["jobs_max"] + 1}
    assert refused(countered, market, market.buyer, licence_id, **more) == (409, "E_SCOPE")
    assert refused(countered, market, market.merchant, licence_id)[0] == 404
    for jobs in range(10):
        countered(market, market.buyer, licence_id, jobs_max=jobs + 1)
    assert refused(countered, market, market.buyer, licence_id) == (409, "E_ROUNDS")


def test_nobody_leaves_the_market_with_something_open(market: Overseen) -> None:
    buyer = market.id_of("buyer")

    assert refused(market.buyer.participant_step, buyer, "exit") == (409, "E_OPEN_BUSINESS")
    idle = market.member("idle", 61, "BUYER")
    assert idle.participant_step(market.id_of("idle"), "exit")["state"] == "EXITED"
