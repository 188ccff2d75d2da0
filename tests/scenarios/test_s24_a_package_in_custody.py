"""S24: a package in custody leaves it on two people's word, rests at a court's order, and is proved every quarter."""

import base64
import hashlib
import secrets
from pathlib import Path
from typing import Any

import pytest

from exchange.client.api import Exchange
from exchange.client.connection import Problem
from exchange.ledger.store import Store
from exchange.ledger.tables import create
from tests.market import DAY_S, Market

SEALED = b"\x00sealed to nobody yet\xff" * 40
SHA256 = hashlib.sha256(SEALED).hexdigest()
COURT = {"ground": "COURT_ORDER", "order_sha256": "c" * 64}
D = "0" * 64


class Keeping(Market):
    """The market with a custodian, a court's clerk at the regulator, and a licence that names files."""

    def __init__(self, store: Store, home: Path) -> None:
        super().__init__(store, home)
        self.custodian = self.member("custodian", 31, "CUSTODIAN")
        self.regulator = self.at(self.key_of(self.admin, secrets.token_urlsafe(32), "REGULATOR"))
        self.template = {**self.listing["template"], "modes": ["M1", "M6"]}
        listing = self.supplier.submit_listing(
            asset_id=self.listing["asset_id"],
            merchant_id=self.id_of("merchant"),
            template=self.template,
            quality_report_sha256=D,
        )
        officer = self.staff["first compliance officer"]
        officer.assess(listing["id"], passed=True, report_sha256=D, assessor_id=self.id_of("merchant"))
        self.listing = self.supplier.publish(listing["id"])
        self.licence_id = self.licence()

    def id_of(self, name: str) -> str:
        return self.wallets[name].identity.participant_id

    def person(self, owner: Exchange, role: str, person_id: str) -> Exchange:
        """A further key of a participant's, for a person it names itself."""
        secret = secrets.token_urlsafe(32)
        digest = hashlib.sha256(secret.encode()).hexdigest()
        key = owner.issue_key(roles=[role], sha256=digest, person_name=person_id, person_id=person_id)
        return self.at(f"dxk_{key['id']}.{secret}")

    def form(self, **changed: Any) -> dict[str, Any]:
        said = {
            "kind": "PACKAGE",
            "asset_id": self.listing["asset_id"],
            "custodian_id": self.id_of("custodian"),
            "object_sha256": SHA256,
            "object_bytes": len(SEALED),
            "sealed": True,
            "mandate_sha256": "a" * 64,
            "content": base64.b64encode(SEALED).decode(),
        }
        return {**said, **changed}

    def active(self, **changed: Any) -> str:
        """From the deposit to what is kept for two years."""
        custody_id = str(self.supplier.custody.new(self.form(**changed))["id"])
        self.custodian.custody.do(custody_id, "verify", {"object_sha256": SHA256})
        accepted = {"release_rule": "LICENCE_OR_DECISION", "kept_until": "2028-03-31"}
        assert self.custodian.custody.do(custody_id, "activate", accepted)["state"] == "ACTIVE"
        return custody_id

    def types_of(self, subject: str) -> list[str]:
        self.logs()
        return [one["type"] for one in self.staff["auditor"].http.pages(f"/v1/audit/facts?subject={subject}")]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Keeping:
    folder = tmp_path_factory.mktemp("custody")
    store = Store(f"sqlite:///{folder}/log.db")
    create(store)
    return Keeping(store, folder / "home")


def refused(step: Any, *said: Any) -> tuple[int, str]:
    with pytest.raises(Problem) as told:
        step(*said)
    return told.value.status, told.value.code


def test_a_release_takes_a_custodian_and_the_depositor_and_two_persons(market: Keeping) -> None:
    custody_id = market.active()
    both_sides = market.person(market.supplier, "SUPPLIER", "psn_lin_both")
    same_person = market.person(market.custodian, "CUSTODIAN", "psn_lin_both")

    asked = market.buyer.custody.do(custody_id, "request-release", {"licence_id": market.licence_id})
    assert (asked["state"], asked["recipient_id"]) == ("RELEASE_PENDING", market.id_of("buyer"))
    assert same_person.custody.do(custody_id, "approve-release")["state"] == "RELEASE_PENDING"
    assert refused(both_sides.custody.do, custody_id, "approve-release") == (409, "E_DUAL_CONTROL")
    assert refused(market.custodian.custody.do, custody_id, "approve-release") == (409, "E_DUAL_CONTROL")
    assert refused(market.buyer.custody.part, custody_id, "content")[0] == 404
    released = market.supplier.custody.do(custody_id, "approve-release")

    assert (released["state"], released["released_to"]) == ("RELEASED", [market.id_of("buyer")])
    handed = market.buyer.custody.part(custody_id, "content")
    assert handed["object_sha256"] == hashlib.sha256(base64.b64decode(handed["content"])).hexdigest() == SHA256
    assert refused(market.merchant.custody.part, custody_id, "content")[0] == 404
    assert market.types_of(custody_id) == [
        "custody.deposited",
        "custody.verified",
        "custody.activated",
        "release.requested",
        "release.approved",
        "release.approved",
        "custody.released",
    ]


def test_nobody_is_given_anything_without_a_licence_that_names_files(market: Keeping) -> None:
    custody_id = market.active()
    results_only = market.licence(modes=["M6"])

    outside = {"recipient_id": market.id_of("buyer"), "decision_sha256": D}
    assert refused(market.buyer.custody.do, custody_id, "request-release", outside) == (403, "E_ROLE")
    narrow = {"licence_id": results_only}
    assert refused(market.buyer.custody.do, custody_id, "request-release", narrow) == (409, "E_MODE")
    market.buyer.custody.do(custody_id, "request-release", {"licence_id": market.licence_id})
    market.supplier.stop_licence(market.licence_id, "suspend", "UNDER_REVIEW")
    assert refused(market.supplier.custody.do, custody_id, "approve-release") == (409, "E_LICENCE_STATE")

    market.supplier.resume_licence(market.licence_id)
    assert market.supplier.custody.do(custody_id, "deny", {"reason": "NOT_NOW"})["state"] == "ACTIVE"


def test_what_nobody_released_in_three_working_days_is_not_released(market: Keeping) -> None:
    custody_id = market.active()
    market.buyer.custody.do(custody_id, "request-release", {"licence_id": market.licence_id})

    market.passes(7 * DAY_S)
    assert refused(market.custodian.custody.do, custody_id, "approve-release") == (409, "E_WINDOW")
    market.clockwork.run_once()

    assert market.custodian.custody.one(custody_id)["state"] == "ACTIVE"
    assert market.types_of(custody_id)[-1] == "release.denied"


def test_a_court_order_stops_a_release_and_only_an_authority_lifts_it(market: Keeping) -> None:
    custody_id = market.active()
    market.buyer.custody.do(custody_id, "request-release", {"licence_id": market.licence_id})
    market.custodian.custody.do(custody_id, "approve-release")

    assert market.regulator.custody.do(custody_id, "freeze", COURT)["state"] == "FROZEN"

    assert refused(market.supplier.custody.do, custody_id, "approve-release") == (409, "E_STATE")
    ask = {"licence_id": market.licence_id}
    assert refused(market.buyer.custody.do, custody_id, "request-release", ask) == (409, "E_STATE")
    order = {"order_sha256": "d" * 64}
    assert refused(market.supplier.custody.do, custody_id, "unfreeze", order) == (403, "E_ROLE")
    officer = market.staff["first compliance officer"]
    assert refused(officer.custody.do, custody_id, "unfreeze", order) == (403, "E_ROLE")
    assert market.regulator.custody.do(custody_id, "unfreeze", order)["state"] == "ACTIVE"


def test_a_quarterly_proof_that_does_not_agree_freezes_it_and_is_an_incident(market: Keeping) -> None:
    custody_id = market.active()
    proved = market.custodian.custody.do(custody_id, "prove", {"object_sha256": SHA256})
    assert proved["proof_due_at"] > market.now + 90 * DAY_S * 1_000_000

    frozen = market.custodian.custody.do(custody_id, "prove", {"object_sha256": "f" * 64})

    assert (frozen["state"], frozen["ground"]) == ("FROZEN", "PROOF_MISMATCH")
    (case,) = [one for one in market.regulator.incidents.all() if one["about"] == custody_id]
    assert (case["kind"], case["state"]) == ("CUSTODY_MISMATCH", "OPEN")
    market.passes(DAY_S)
    market.clockwork.run_once()
    assert market.regulator.incidents.one(case["id"])["state"] == "OVERDUE"
    officer = market.staff["first compliance officer"]
    told = officer.incidents.do(case["id"], "report", {"report_sha256": D})
    assert (told["state"], told["is_late"]) == ("REPORTED", True)
    assert market.regulator.incidents.do(case["id"], "close", {"outcome_sha256": D})["state"] == "CLOSED"


def test_a_quarter_without_a_proof_is_noted_once_and_bytes_changed_in_the_vault_are_found(market: Keeping) -> None:
    forgotten, forged = market.active(), market.active()
    with market.store.writing() as connection:
        connection.exec_driver_sql(f"UPDATE custody_content SET content = x'00' WHERE custody_id = '{forged}'")

    market.passes(92 * DAY_S)
    for _ in range(2):
        market.clockwork.run_once()

    assert market.types_of(forgotten)[3:] == ["custody_proof.missed"]
    assert market.supplier.custody.one(forgotten)["proof_missed"] is True
    assert market.types_of(forged)[3:] == ["custody_proof.missed", "custody_proof.failed", "custody.frozen"]


def test_what_was_given_back_is_handed_out_no_more(market: Keeping) -> None:
    custody_id = market.active()
    market.buyer.custody.do(custody_id, "request-release", {"licence_id": market.licence()})
    for side in (market.custodian, market.supplier):
        side.custody.do(custody_id, "approve-release")
    assert market.buyer.custody.part(custody_id, "content")["object_sha256"] == SHA256
    assert refused(market.supplier.custody.do, custody_id, "return") == (409, "E_LICENCE_OPEN")

    market.passes(400 * DAY_S)
    market.clockwork.run_once()
    assert market.supplier.custody.do(custody_id, "return")["state"] == "RETURNED"

    assert refused(market.buyer.custody.part, custody_id, "content")[0] == 404


def test_it_is_destroyed_when_its_time_is_over_by_two_with_an_attestation(market: Keeping) -> None:
    custody_id = market.active()
    how = {"method": "CRYPTO_ERASURE", "witness": "Notary Wang", "attestation_sha256": "e" * 64}
    assert refused(market.custodian.custody.do, custody_id, "destroy", how) == (409, "E_RETENTION")

    market.passes(3 * 365 * DAY_S)
    assert market.custodian.custody.do(custody_id, "destroy", how)["state"] == "DESTROY_PENDING"
    assert refused(market.custodian.custody.do, custody_id, "destroy", how) == (409, "E_DUAL_CONTROL")
    assert market.supplier.custody.do(custody_id, "destroy", how)["state"] == "DESTROYED"

    with market.store.reading() as connection:
        kept = connection.exec_driver_sql("SELECT custody_id FROM custody_content").scalars().all()
    assert custody_id not in kept
