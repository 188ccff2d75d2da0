"""S22: a certificate ends with the authorisation it rests on; so do its listing and licences. Renewal and transfer."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exchange.ledger.store import Store
from exchange.ledger.tables import create
from tests.scenarios.overseeing import D, Overseen, refused
from tests.scenarios.registering import Registering


@pytest.fixture
def market(tmp_path: Path) -> Registering:
    store = Store(f"sqlite:///{tmp_path}/log.db")
    create(store)
    return Registering(store, tmp_path / "home")


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+08:00").astimezone(UTC).timestamp())


def certified(market: Registering, **changed: Any) -> str:
    """A certificate of Tuesday, 17 March 2026."""
    asset_id = market.publicised(**changed)
    market.at_time("2026-03-17 09:00")
    market.issued(asset_id)
    return asset_id


def test_it_ends_with_its_source_and_takes_listing_and_licences_with_it(market: Registering) -> None:
    asset_id = certified(market, authorised_until="2027-06-30")
    assert market.supplier.asset(asset_id)["valid_to"] == "2027-06-30"
    listing = market.live(asset_id, valid_to_s=seconds("2028-01-01 00:00"))

    beyond = {**listing["template"], "valid_to_s": seconds("2028-01-01 00:00")}
    assert refused(market.buyer.request_licence, listing["id"], beyond) == (409, "E_CERTIFICATE_TERM")
    one_second = {**listing["template"], "valid_to_s": seconds("2027-07-01 00:00") + 1}
    assert refused(market.buyer.request_licence, listing["id"], one_second) == (409, "E_CERTIFICATE_TERM")
    running = market.licence(valid_to_s=seconds("2027-07-01 00:00"))
    resting = market.licence(valid_to_s=seconds("2027-07-01 00:00"))
    market.supplier.stop_licence(resting, "suspend", "UNDER_REVIEW")

    market.at_time("2027-06-30 23:59")
    assert market.buyer.licence(running)["state"] == "ACTIVE"
    market.at_time("2027-07-01 00:00")

    assert market.officer.asset(asset_id)["state"] == "EXPIRED"
    assert market.officer.listing(listing["id"])["state"] == "SUSPENDED"
    assert [market.buyer.licence(one)["state"] for one in (running, resting)] == ["EXPIRED", "EXPIRED"]
    assert refused(market.ordered, running)[1] == "E_LICENCE_STATE"


def test_a_licence_of_a_longer_end_dies_with_the_certificate_too(market: Registering) -> None:
    asset_id = certified(market, authorised_until="2026-06-30")
    market.live(asset_id, valid_to_s=seconds("2026-07-01 00:00"))
    licence_id = market.licence(valid_to_s=seconds("2026-07-01 00:00"))

    market.at_time("2026-07-01 00:00")

    assert market.types_of(licence_id)[-1] == "licence.expired"
    market.buyer.http.post(f"/v1/licences/{licence_id}:attest-deletion", {"attestation_sha256": D})
    again = market.buyer.http.post
    path = f"/v1/licences/{licence_id}:attest-deletion"
    assert refused(again, path, {"attestation_sha256": D}) == (409, "E_ATTESTED")


def test_who_does_not_attest_deletion_in_ten_working_days_is_overdue(market: Registering) -> None:
    market.live(certified(market))
    licence_id = market.licence()
    market.buyer.terminate_licence(licence_id)
    market.supplier.terminate_licence(licence_id)

    market.at_time("2026-03-31 23:59")
    assert overdue(market) == []
    market.at_time("2026-04-01 00:00")
    assert overdue(market) == [("DELETION", licence_id)]

    market.buyer.http.post(f"/v1/licences/{licence_id}:attest-deletion", {"attestation_sha256": D})
    assert overdue(market) == []


def test_it_is_renewed_within_sixty_days_of_its_end_as_long_as_its_source_lasts(market: Registering) -> None:
    asset_id = certified(market)
    renewal = {"evidence_sha256": D}

    market.at_time("2029-01-14 12:00")
    assert refused(market.supplier.asset_step, asset_id, "renew", renewal) == (409, "E_WINDOW")
    market.at_time("2029-01-15 00:00")
    short = {**renewal, "authorised_until": "2029-03-16"}
    assert refused(market.supplier.asset_step, asset_id, "renew", short) == (409, "E_EVIDENCE")
    assert refused(market.rival.asset_step, asset_id, "renew", renewal)[0] == 404
    assert market.supplier.asset_step(asset_id, "renew", renewal)["valid_to"] == "2032-03-16"

    market.at_time("2029-03-17 00:00")
    assert market.supplier.asset(asset_id)["state"] == "CERTIFIED"


def test_it_is_described_anew_and_found_by_its_handle(market: Registering) -> None:
    asset_id = certified(market)
    handle = market.supplier.asset(asset_id)["handle"]

    market.supplier.asset_step(asset_id, "change", {"title_en": "Firms, described anew", "delta_sha256": D})

    found = market.at(None).http.get(f"/v1/handles/{handle}")
    assert (found["title_en"], found["type"], found["holder"]) == ("Firms, described anew", "PRODUCT", "supplier")
    assert (found["state"], found["provisional"], found["asset_id"]) == ("CERTIFIED", True, asset_id)
    number = market.at(None).http.get(f"/v1/handles/{found['certificate_no']}")
    assert number["type"] == "CERTIFICATE"
    assert refused(market.at(None).http.get, "/v1/handles/88.100.7/DP.20260317.0000002A")[0] == 404


def test_it_is_handed_on_to_who_agrees_and_not_while_anybody_depends_on_it(market: Registering) -> None:
    asset_id = certified(market)
    contract = {"contract_sha256": "b" * 64}
    to_rival = {"transferee_id": market.id_of("rival"), **contract}
    node = {"domain": "rivaldomain", "signing_key": market.provider.domain.key.public.text, "broker_sha256": D}
    market.rival.register_node(**node)
    live = market.live(asset_id)
    assert refused(market.supplier.asset_step, asset_id, "transfer", to_rival) == (409, "E_LICENCE_OPEN")
    market.supplier.listing_step(live["id"], "delist", {"ground": "HANDED_ON"})

    stranger = {"transferee_id": "part_nobody", **contract}
    assert refused(market.supplier.asset_step, asset_id, "transfer", stranger) == (409, "E_PARTICIPANT")
    market.supplier.asset_step(asset_id, "transfer", to_rival)
    other = {"domain": "rivaldomain", "contract_sha256": "d" * 64}
    assert refused(market.rival.asset_step, asset_id, "accept-transfer", other) == (409, "E_EVIDENCE")
    accepted = market.rival.asset_step(asset_id, "accept-transfer", {"domain": "rivaldomain", **contract})

    assert (accepted["holder_id"], accepted["domain"]) == (market.id_of("rival"), "rivaldomain")
    assert refused(market.supplier.asset_step, asset_id, "cancel", {"ground": "MINE"})[0] == 403
    assert market.types_of(asset_id)[-2:] == ["certificate_transfer.proposed", "certificate.transferred"]


def overdue(market: Overseen) -> list[tuple[str, str]]:
    return [(one["kind"], one["subject"]) for one in market.regulator.http.pages("/v1/oversight/overdue")]
