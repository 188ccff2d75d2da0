"""Oversight: what is found is acted on by the table, put right in time or taken further, and may be appealed."""

from pathlib import Path

import pytest

from tests.market import DAY_S
from tests.scenarios.overseeing import D, Overseen, opened, refused


@pytest.fixture
def market(tmp_path: Path) -> Overseen:
    return opened(tmp_path)


def test_a_breach_stops_the_provider_its_listing_and_its_licences_and_starts_the_clock(market: Overseen) -> None:
    licence_id, listing_id = market.licence(), market.listing["id"]

    case = market.officer.sanctions.new(market.finding("supplier", "DATA_BREACH"))

    assert (case["state"], case["ladder_step"], case["party_action"]) == ("RECTIFYING", "FIRST", "SUSPENDED")
    assert sorted(case["applied"]) == sorted([market.id_of("supplier"), listing_id, licence_id])
    assert market.supplier.participant(market.id_of("supplier"))["state"] == "SUSPENDED"
    assert market.officer.listing(listing_id)["state"] == market.buyer.licence(licence_id)["state"] == "SUSPENDED"
    assert market.regulator.incidents.one(case["incident_id"])["state"] == "OPEN"
    assert refused(market.ordered, licence_id)[0] == 403
    market.ticks(days=1)
    late = market.regulator.http.pages("/v1/oversight/overdue")
    assert [(one["kind"], one["subject"]) for one in late] == [("INCIDENT_REPORT", case["incident_id"])]


def test_what_is_put_right_in_time_is_closed_and_reinstated(market: Overseen) -> None:
    case = market.officer.sanctions.new(market.finding("supplier", "DATA_BREACH"))
    supplier_id = market.id_of("supplier")

    market.supplier.sanctions.do(case["id"], "rectify", {"evidence_sha256": D})
    assert market.officer.sanctions.do(case["id"], "accept")["state"] == "CLOSED"
    market.officer.participant_step(supplier_id, "reinstate", {"evidence_sha256": D})
    market.officer.listing_step(market.listing["id"], "reinstate", {"report_sha256": D})

    market.ordered()
    assert market.types_of(case["id"]) == [
        "sanction.imposed",
        "rectification.ordered",
        "rectification.reported",
        "rectification.accepted",
    ]


def test_what_is_not_put_right_in_ten_working_days_is_taken_one_step_further(market: Overseen) -> None:
    case = market.officer.sanctions.new(market.finding("supplier", "WASH_TRADE"))
    assert (case["listing_action"], case["party_action"]) == ("PAUSED", "WARNING")
    assert market.buyer.listings() == []

    market.ticks(days=14)
    assert market.officer.sanctions.one(case["id"])["state"] == "RECTIFYING"
    market.ticks(days=1)
    market.ticks()

    further = market.officer.sanctions.one(case["id"])
    assert (further["state"], further["ladder_step"], further["party_action"]) == ("IN_FORCE", "AGAIN", "SUSPENDED")
    assert market.supplier.participant(market.id_of("supplier"))["state"] == "SUSPENDED"
    assert market.types_of(case["id"]).count("sanction.escalated") == 1


def test_a_buyer_that_went_beyond_its_licence_loses_it_and_rests_for_thirty_to_a_hundred_and_eighty_days(
    market: Overseen,
) -> None:
    licence_id = market.licence()
    found = market.finding("buyer", "SCOPE_BREACH", licence_id=licence_id)

    for days in (0, 29, 181):
        said = {**found, "suspension_days": days}
        assert refused(market.officer.sanctions.new, said) == (409, "E_SUSPENSION_DAYS")
    case = market.officer.sanctions.new({**found, "suspension_days": 30})

    assert case["suspended_until_s"] == market.now_s + 30 * DAY_S
    assert market.buyer.licence(licence_id)["state"] == "REVOKED"
    assert market.types_of(licence_id)[-1] == "licence.revoked"
    assert refused(market.officer.sanctions.new, market.finding("supplier", "SCOPE_BREACH", licence_id=D))[0] == 422


def test_an_appeal_goes_to_somebody_who_was_not_involved_and_undoes_it(market: Overseen) -> None:
    case = market.officer.sanctions.new(market.finding("supplier", "FALSE_SOURCE"))
    verdict = {"outcome": "UPHELD", "reasons_sha256": D}
    market.supplier.sanctions.do(case["id"], "appeal", {"reasons_sha256": D})

    assert refused(market.officer.sanctions.do, case["id"], "hear", verdict) == (409, "E_DUAL_CONTROL")
    assert market.second.sanctions.do(case["id"], "hear", verdict)["state"] == "ANNULLED"

    assert market.supplier.participant(market.id_of("supplier"))["state"] == "ACTIVE"
    again = market.officer.sanctions.new(market.finding("supplier", "FALSE_SOURCE"))
    assert again["ladder_step"] == "FIRST"
    market.passes(15 * DAY_S)
    assert refused(market.supplier.sanctions.do, again["id"], "appeal", {"reasons_sha256": D}) == (409, "E_WINDOW")


def test_what_the_table_revokes_takes_the_exchange_and_an_order_and_ends_all_that_hangs_on_it(market: Overseen) -> None:
    licence_id, supplier_id = market.licence(), market.id_of("supplier")
    market.officer.sanctions.new(market.finding("supplier", "FALSE_SOURCE"))
    case = market.officer.sanctions.new(market.finding("supplier", "FALSE_SOURCE"))
    assert (case["ladder_step"], case["party_action"]) == ("AGAIN", "REVOKED")
    assert ("REVOCATION", supplier_id) in {
        (one["kind"], one["subject"]) for one in market.regulator.http.pages("/v1/oversight/overdue")
    }

    market.admin.participant_step(supplier_id, "revoke", {"ground": "FALSE_SOURCE", "order_sha256": D})
    market.ticks()

    assert market.officer.listing(market.listing["id"])["state"] == "DELISTED"
    assert market.buyer.licence(licence_id)["state"] == "REVOKED"


def test_a_suspended_providers_listings_pause_and_only_an_active_one_resumes_them(market: Overseen) -> None:
    listing_id = market.listing["id"]
    market.regulator.participant_step(market.id_of("supplier"), "suspend", {"ground": "UNDER_REVIEW", "until_s": 0})
    market.ticks()

    assert market.officer.listing(listing_id)["state"] == "PAUSED"
    assert refused(market.supplier.listing_step, listing_id, "resume") == (409, "E_PARTICIPANT")
    market.regulator.participant_step(market.id_of("supplier"), "reinstate", {"evidence_sha256": D})
    assert market.supplier.listing_step(listing_id, "resume")["state"] == "LIVE"


def test_the_regulator_reads_every_order_and_stops_one_job_at_no_cost_to_the_buyer(market: Overseen) -> None:
    order_id = market.ordered()
    market.computes()

    assert [one["id"] for one in market.regulator.orders()] == [order_id]
    assert refused(market.supplier.http.post, f"/v1/orders/{order_id}:stop", {"ground": "X1"}) == (403, "E_ROLE")
    stopped = market.regulator.http.post(f"/v1/orders/{order_id}:stop", {"ground": "REGULATOR_ORDER"})
    market.provider.report()

    assert (stopped["state"], stopped["refund_rule"]) == ("ABORTED", "R8")
    assert market.buyer.order(order_id)["state"] == "ABORTED"
    assert market.buyer.escrow() == {"available_fen": 250_000, "held_fen": 0}
    assert refused(market.buyer.result, order_id)[0] == 404


def test_only_the_regulator_orders_and_says_what(market: Overseen) -> None:
    said = market.finding("supplier", "REGULATOR_ORDER", listing_id=market.listing["id"])
    ordered = {"listing_action": "SUSPENDED", "party_action": "NONE", "licence_action": "NONE"}

    assert refused(market.officer.sanctions.new, {**said, "ordered": ordered}) == (403, "E_ROLE")
    assert refused(market.regulator.sanctions.new, said) == (400, "E_ORDERED")
    case = market.regulator.sanctions.new({**said, "ordered": ordered})

    assert case["applied"] == [market.listing["id"]]
    assert refused(market.officer.listing_step, market.listing["id"], "reinstate", {"report_sha256": D})[1] == "E_ROLE"


def test_what_its_provider_suspended_compliance_does_not_resume(market: Overseen) -> None:
    licence_id = market.licence()
    market.supplier.stop_licence(licence_id, "suspend", "UNDER_REVIEW")

    assert refused(market.officer.resume_licence, licence_id) == (403, "E_ROLE")
    assert market.supplier.resume_licence(licence_id)["state"] == "ACTIVE"


def test_the_market_in_figures(tmp_path: Path) -> None:
    market = opened(tmp_path, price={"model": "P1", "price_fen": 160_000})
    licence_id = market.licence()
    order_id = market.ordered(licence_id)
    market.works()
    market.buyer.accept(order_id)
    assert refused(market.buyer.place_order, market.ask(licence_id, purpose="MARKETING")) == (403, "E_PURPOSE")
    market.staff["settlement clerk"].close_day()

    told = market.regulator.http.get("/v1/oversight/statistics")

    assert told["listings"] == {"LIVE": 1}
    assert told["sectors"] == {"HEALTH": {"orders": 1, "turnover_fen": 160_000, "refunded_fen": 0}}
    assert told["jobs"] == {"COMPLETED": 1, "REFUSED": 1}
    assert told["refusals"] == {"E_PURPOSE": 1}
    assert told["shares_fen"] == {
        market.id_of("supplier"): 144_000,
        market.id_of("merchant"): 11_200,
        "part_exchange": 4_800,
    }
    later = market.regulator.http.get(f"/v1/oversight/statistics?since={market.now + 1}")
    assert (later["sectors"], later["jobs"], later["shares_fen"]) == ({}, {}, {})
    assert refused(market.buyer.http.get, "/v1/oversight/statistics") == (403, "E_ROLE")
