"""The exchange's life as methods, one a route. Decides nothing, keeps nothing, holds no key but the credential.

Answers are the plain dictionaries of the API (its OpenAPI is the contract); a "no" is raised as `Problem`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self
from urllib.parse import quote

import httpx2

from exchange.client.approvals import Approvals
from exchange.client.connection import Connection, Json, Patience, TimedOut
from exchange.client.disputes import Disputes
from exchange.client.log import ServedLog
from exchange.client.money import Money
from exchange.client.persons import Persons
from exchange.client.things import Things
from exchange.client.wallet import Wallet
from exchange.wire.admissions import RulebookSigned
from exchange.wire.envelope import Envelope

UNDER_WAY = frozenset({"PLACED", "APPROVAL_PENDING", "APPROVED", "TICKETED"})


class Exchange:
    """One participant's door to one exchange. `credential` is None for a stranger who wants to apply."""

    def __init__(
        self,
        base_url: str,
        credential: str | None = None,
        *,
        transport: httpx2.BaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.http = Connection(base_url, credential, transport=transport, patience=patience or Patience())
        self.log, self.disputes = ServedLog(self.http), Disputes(self.http)
        self.money, self.persons = Money(self.http), Persons(self.http)
        self.custody, self.incidents = Things(self.http, "custody"), Things(self.http, "incidents")
        self.sanctions, self.approvals = Things(self.http, "sanctions"), Approvals(self.http)
        self.templates, self.schedules = Things(self.http, "templates"), Things(self.http, "schedules")
        self.controls = Things(self.http, "controls-requests")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def apply(self, application: Mapping[str, Any], wallet: Wallet) -> Json:
        """Apply for admission with the hash of the wallet's secret; the wallet learns who it is."""
        # Under the wallet's own key, an application whose answer was lost is not made twice.
        ask = {**application, "api_key_sha256": wallet.secret_sha256}
        applied = self.http.post("/v1/participants", ask, key=f"apply-{wallet.secret_sha256}")
        wallet.learn(applied["participant"]["id"], applied["key_id"])
        return applied

    def participants(self) -> list[Any]:
        return self._all("participants")

    def participant(self, participant_id: str) -> Json:
        return self._get("participants", participant_id)

    def take_application(self, participant_id: str) -> Json:
        return self._do("participants", participant_id, "take")

    def approve(self, participant_id: str, facts: Mapping[str, bool | int]) -> Json:
        return self._do("participants", participant_id, "approve", {"facts": facts})

    def reject(self, participant_id: str, reasons: Sequence[str]) -> Json:
        return self._do("participants", participant_id, "reject", {"reasons": reasons})

    def participant_step(self, participant_id: str, verb: str, form: Mapping[str, Any] | None = None) -> Json:
        """Any other act: ask-supplement, supply, suspend, reinstate, revoke, exit."""
        return self._do("participants", participant_id, verb, form)

    def activate(self, wallet: Wallet, settlement_wallet: str) -> Json:
        """Sign the rulebook in force and bind the wallet's keys."""
        participant = self.participant(wallet.identity.participant_id)
        signed = RulebookSigned(
            participant_id=wallet.identity.participant_id,
            policy_digest=participant["rulebook_digest"],
            signing_key=wallet.signing_key.public.text,
            recipient_key=wallet.opening_key.public.text,
            wallet=settlement_wallet,
        ).signed(wallet.signing_key)
        return self._do("participants", wallet.identity.participant_id, "activate", _envelope(signed))

    def issue_key(self, *, roles: Sequence[str], sha256: str, person_name: str, person_id: str | None = None) -> Json:
        return self._new("keys", {"roles": roles, "sha256": sha256, "person_name": person_name, "person_id": person_id})

    def register_node(self, *, domain: str, signing_key: str, broker_sha256: str) -> Json:
        return self._new("nodes", {"domain": domain, "signing_key": signing_key, "broker_sha256": broker_sha256})

    # Assets and their grade (确权登记, 分级分类)

    def submit_asset(self, form: Mapping[str, Any]) -> Json:
        return self._new("assets", form)

    def assets(self) -> list[Any]:
        return self._all("assets")

    def asset(self, asset_id: str) -> Json:
        return self._get("assets", asset_id)

    def asset_step(self, asset_id: str, verb: str, form: Mapping[str, Any] | None = None) -> Json:
        """One act on an asset: accept, pass-formal-review, start-publicity, object, issue-certificate, withdraw …"""
        return self._do("assets", asset_id, verb, form)

    def grading(self, asset_id: str) -> Json:
        return self._get("gradings", asset_id)

    def grading_step(self, asset_id: str, verb: str, form: Mapping[str, Any] | None = None) -> Json:
        """One act on an asset's grading: self-grade, review, confirm …"""
        return self._do("gradings", asset_id, verb, form)

    # Listings and licences (挂牌, 授权)

    def submit_listing(
        self, *, asset_id: str, merchant_id: str, template: Mapping[str, Any], quality_report_sha256: str
    ) -> Json:
        ask = {"asset_id": asset_id, "merchant_id": merchant_id, "quality_report_sha256": quality_report_sha256}
        return self._new("listings", {**ask, "template": template})

    def listings(self) -> list[Any]:
        return self._all("listings")

    def listing(self, listing_id: str) -> Json:
        return self._get("listings", listing_id)

    def assess(
        self, listing_id: str, *, passed: bool, report_sha256: str, assessor_id: str, reasons: Sequence[str] = ()
    ) -> Json:
        ask = {"passed": passed, "report_sha256": report_sha256, "assessor_id": assessor_id, "reasons": reasons}
        return self._do("listings", listing_id, "assess", ask)

    def publish(self, listing_id: str) -> Json:
        return self._do("listings", listing_id, "publish")

    def listing_step(self, listing_id: str, verb: str, form: Mapping[str, Any] | None = None) -> Json:
        """Any other act: pause, resume, suspend, reinstate, delist."""
        return self._do("listings", listing_id, verb, form)

    def request_licence(self, listing_id: str, terms: Mapping[str, Any]) -> Json:
        return self._new("licences", {"listing_id": listing_id, "terms": terms})

    def licences(self) -> list[Any]:
        return self._all("licences")

    def licence(self, licence_id: str) -> Json:
        return self._get("licences", licence_id)

    def offer(self, licence_id: str, envelope: Envelope) -> Json:
        return self._do("licences", licence_id, "offer", _envelope(envelope))

    def agree(self, licence_id: str, envelope: Envelope) -> Json:
        """Hand in a licence with both signatures; `agreement.countersigned` makes it."""
        return self._do("licences", licence_id, "agree", _envelope(envelope))

    def stop_licence(self, licence_id: str, verb: str, ground: str) -> Json:
        return self._do("licences", licence_id, verb, {"ground": ground})

    def resume_licence(self, licence_id: str) -> Json:
        return self._do("licences", licence_id, "resume")

    def terminate_licence(self, licence_id: str) -> Json:
        return self._do("licences", licence_id, "terminate")

    # Money (交易结算)

    def deposit(self, amount_fen: int, rail_reference: str) -> Json:
        return self._new("escrow/deposits", {"amount_fen": amount_fen, "rail_reference": rail_reference})

    def escrow(self) -> Json:
        return self.http.get("/v1/escrow")

    def close_day(self) -> Json:
        return self._new("settlement/batches", None)

    def pay(self, batch_id: str) -> Json:
        return self._do("settlement/batches", batch_id, "pay")

    def statements(self) -> list[Any]:
        return self._all("settlement/statements")

    # Orders

    def explain(self, ask: Mapping[str, Any]) -> Json:
        return self._new("queries:explain", ask)

    def place_order(self, ask: Mapping[str, Any], *, key: str | None = None) -> Json:
        """Order one computation. Whoever may be killed in between gives its own `key` and asks again with it."""
        return self.http.post("/v1/orders", ask, key=key)

    def orders(self) -> list[Any]:
        return self._all("orders")

    def order(self, order_id: str) -> Json:
        return self._get("orders", order_id)

    def order_events(self, order_id: str) -> list[Any]:
        return self.http.pages(f"/v1/orders/{quote(order_id, safe='')}/events")

    def wait_for_order(self, order_id: str, *, deadline_s: float) -> Json:
        """The order once something came of it."""
        found: Json | None = self.http.until(lambda: self._concluded(order_id), deadline_s=deadline_s)
        if found is None:
            raise TimedOut("the order is still under way")
        return found

    def result(self, order_id: str) -> Json:  # The sealed answer; `open_result` opens it.
        return self.http.get(f"/v1/orders/{quote(order_id, safe='')}/result")

    def accept(self, order_id: str) -> Json:
        return self._do("orders", order_id, "accept")

    def cancel(self, order_id: str) -> Json:
        return self._do("orders", order_id, "cancel")

    def evidence(self, order_id: str) -> Json:
        """Everything that happened to an order, opened and proven; `audit.checked_bundle` checks it offline."""
        return self._get("audit/orders", order_id)

    def about(self) -> Json:
        """What a newcomer pins, after comparing it with what it got elsewhere."""
        return self.http.get("/v1/exchange")

    def advance(self, seconds: int) -> Json:  # Only a rehearsal has this route.
        return self._new("rehearsal:advance", {"seconds": seconds})

    def _concluded(self, order_id: str) -> Json | None:
        order = self.order(order_id)
        return None if order["state"] in UNDER_WAY else order

    def _all(self, kind: str) -> list[Any]:
        return self.http.pages(f"/v1/{kind}?limit=200")

    def _get(self, kind: str, one: str) -> Json:
        return self.http.get(f"/v1/{kind}/{quote(one, safe='')}")

    def _new(self, kind: str, ask: Mapping[str, Any] | None) -> Json:
        return self.http.post(f"/v1/{kind}", ask)

    def _do(self, kind: str, one: str, verb: str, ask: Mapping[str, Any] | None = None) -> Json:
        return self.http.post(f"/v1/{kind}/{quote(one, safe='')}:{verb}", ask)


def _envelope(envelope: Envelope) -> Json:
    return {"envelope": envelope.model_dump(mode="json")}
