"""S21: a rival objects in the publicity, whose clock stops and runs on; too late, its claim is a dispute."""

from pathlib import Path

import pytest

from exchange.client.connection import Problem
from exchange.ledger.store import Store
from exchange.ledger.tables import create
from tests.scenarios.overseeing import D, refused
from tests.scenarios.registering import Registering

CLAIM, REASONS = {"claim_sha256": "c" * 64}, {"reasons_sha256": "e" * 64}


@pytest.fixture
def market(tmp_path: Path) -> Registering:
    store = Store(f"sqlite:///{tmp_path}/log.db")
    create(store)
    return Registering(store, tmp_path / "home")


def test_the_clock_stops_with_four_working_days_left_and_runs_them_when_the_objection_is_dismissed(
    market: Registering,
) -> None:
    asset_id, registrar = market.publicised(), market.staff["registrar"]

    market.at_time("2026-03-10 14:00")
    objected = market.rival.asset_step(asset_id, "object", CLAIM)
    assert (objected["state"], objected["days_left"]) == ("OBJECTION", 4)
    assert refused(registrar.asset_step, asset_id, "issue-certificate") == (409, "E_OBJECTION_OPEN")
    market.at_time("2026-03-20 10:00")
    dismissed = registrar.asset_step(asset_id, "dismiss-objection", REASONS)
    # To the end of Thursday, 26 March, in Shanghai.
    assert (dismissed["state"], dismissed["publicity_ends_at"]) == ("PUBLICITY", 1_774_540_800_000_000)

    market.at_time("2026-03-26 23:59")
    assert refused(registrar.asset_step, asset_id, "issue-certificate") == (409, "E_WINDOW")
    market.at_time("2026-03-27 00:00")
    assert market.issued(asset_id)["valid_to"] == "2029-03-26"
    assert market.types_of(asset_id) == [
        "asset_registration.submitted",
        "registration.accepted",
        "formal_review.passed",
        "publicity.started",
        "objection.filed",
        "objection.dismissed",
        "certificate.issued",
    ]


def test_an_upheld_objection_refuses_and_the_same_evidence_does_not_come_back(market: Registering) -> None:
    asset_id = market.publicised()
    market.at_time("2026-03-10 14:00")
    market.rival.asset_step(asset_id, "object", CLAIM)

    assert market.staff["registrar"].asset_step(asset_id, "uphold-objection", REASONS)["state"] == "REFUSED"

    assert refused(market.supplier.submit_asset, market.form) == (403, "E_REFUSED_BEFORE")
    anew = {**market.form, "evidence": {**market.form["evidence"], "contract": D}}
    assert market.supplier.submit_asset(anew)["state"] == "SUBMITTED"


@pytest.mark.parametrize("certified_first", [True, False], ids=["after the certificate", "before it"])
def test_out_of_time_it_becomes_a_dispute_about_ownership_and_the_certificate_rests(
    market: Registering, certified_first: bool
) -> None:
    asset_id = market.publicised()
    market.at_time("2026-03-17 00:00")
    if certified_first:
        market.issued(asset_id)

    with pytest.raises(Problem) as late:
        market.rival.asset_step(asset_id, "object", CLAIM)
    if not certified_first:
        market.issued(asset_id)

    assert (late.value.status, late.value.code) == (403, "E_WINDOW")
    (claim,) = market.rival.disputes.all()
    assert (claim["category"], claim["state"], claim["asset_id"]) == ("OWNERSHIP", "OPENED", asset_id)
    assert claim["respondent_id"] == market.id_of("supplier")
    assert market.officer.asset(asset_id)["state"] == "FROZEN"
    market.supplier.disputes.respond(claim["id"], ["a" * 64])
    market.rival.disputes.withdraw(claim["id"])
    assert market.officer.asset(asset_id)["state"] == "CERTIFIED"
    assert refused(market.merchant.disputes.one, claim["id"])[0] == 404
