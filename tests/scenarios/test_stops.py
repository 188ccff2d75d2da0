"""Stops as members meet them: an order withdrawn in flight, a frozen certificate, a licence ended by agreement."""

import secrets

import pytest

from exchange.client.connection import Problem
from tests.market import Market

ORDER = {"order_sha256": "0" * 64}


def test_an_order_cancelled_in_flight_costs_nothing_and_its_receipt_is_taken_note_of(market: Market) -> None:
    order_id = market.ordered()
    market.computes()

    assert market.buyer.cancel(order_id)["state"] == "CANCELLED"
    taken = market.provider.report()

    assert taken == 1
    assert market.buyer.order(order_id)["refund_rule"] == "R1"
    assert market.buyer.escrow() == {"available_fen": 250_000, "held_fen": 0}
    assert sum(market.balances().values()) == 0
    with pytest.raises(Problem) as no_answer:
        market.buyer.result(order_id)
    assert no_answer.value.status == 404


def test_strangers_and_providers_do_not_cancel(market: Market) -> None:
    order_id = market.ordered()

    for other in (market.supplier, market.merchant):
        with pytest.raises(Problem) as refused:
            other.cancel(order_id)
        assert refused.value.status == 404


def test_a_frozen_certificate_stops_orders_listing_and_licence_until_it_is_lifted(market: Market) -> None:
    licence_id, listing_id = market.licence(), market.listing["id"]
    asset_id = market.listing["asset_id"]
    regulator = market.at(market.key_of(market.admin, secrets.token_urlsafe(32), "REGULATOR"))
    officer = market.staff["first compliance officer"]

    regulator.asset_step(asset_id, "freeze", ORDER)
    with pytest.raises(Problem) as refused:
        market.ordered(licence_id)
    assert (refused.value.status, refused.value.code) == (403, "E_ASSET_STATE")
    market.clockwork.run_once()
    assert market.buyer.listings() == []
    assert market.buyer.licence(licence_id)["state"] == "SUSPENDED"
    with pytest.raises(Problem) as early:
        market.supplier.resume_licence(licence_id)
    assert (early.value.status, early.value.code) == (409, "E_ASSET_STATE")

    regulator.asset_step(asset_id, "unfreeze", ORDER)
    officer.listing_step(listing_id, "reinstate", {"report_sha256": "0" * 64})
    market.supplier.resume_licence(licence_id)
    market.ordered(licence_id)


def test_a_paused_listing_leaves_the_market_and_its_licences_run_on(market: Market) -> None:
    licence_id, listing_id = market.licence(), market.listing["id"]

    market.supplier.listing_step(listing_id, "pause")

    assert market.buyer.listings() == []
    market.ordered(licence_id)
    with pytest.raises(Problem) as early:
        market.supplier.listing_step(listing_id, "delist", {"ground": "GIVEN_UP"})
    assert early.value.code == "E_NOTICE"
    assert market.supplier.listing_step(listing_id, "resume")["state"] == "LIVE"


def test_a_licence_ends_by_agreement_of_both(market: Market) -> None:
    licence_id = market.licence()

    assert market.buyer.terminate_licence(licence_id)["state"] == "ACTIVE"
    assert market.supplier.terminate_licence(licence_id)["state"] == "TERMINATED"

    with pytest.raises(Problem) as refused:
        market.ordered(licence_id)
    assert refused.value.code == "E_LICENCE_STATE"
