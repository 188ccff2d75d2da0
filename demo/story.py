"""One whole trade on real data, told as it happens: admission, registration, licence, computation, settlement, audit.

Everything goes over HTTP by the product's own client, or by a domain's own command inside its folder.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from demo import forms
from demo.declared import DomainSpec
from demo.people import Member, Person, admitted, sha256
from demo.processes import Processes, at_once
from demo.queries import ANSWERED, REFUSED
from demo.sets import SPECS, write_sources
from demo.shown import show, yuan
from exchange.client.agreement import countersigned
from exchange.client.api import Exchange
from exchange.client.audit import checked_bundle
from exchange.client.connection import Problem
from exchange.client.open import Answer, open_result
from exchange.wire.keys import PublicKey

DAY_S = 86_400
WAIT_S = 60


@dataclass
class Story:
    """The market as the story goes on, and what it counted."""

    processes: Processes
    console: Console
    admin: Exchange
    people: dict[str, Person]
    specs: Mapping[str, DomainSpec] = field(default_factory=lambda: SPECS)
    providers: dict[str, Member] = field(default_factory=dict)
    merchant: Member | None = None
    buyer: Member | None = None
    domain_keys: dict[str, PublicKey] = field(default_factory=dict)
    assets: dict[str, str] = field(default_factory=dict)
    licences: dict[str, str] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)
    answers: int = 0
    refusals: list[str] = field(default_factory=list)
    refunds: int = 0

    def admission(self) -> None:
        """准入: four providers with a domain each, a merchant, a buyer."""
        self.console.rule("1 · admission 准入")
        url, wallets = self.processes.url, self.processes.home / "wallets"
        for number, spec in enumerate(self.specs.values(), start=1):
            name = f"{spec.sector} provider"
            member = admitted(url, self.people, wallets, name, roles=["SUPPLIER"], number=number, node=True)
            self.providers[spec.domain] = member
            self.console.print(f"  {name}: ACTIVE, domain [bold]{spec.domain}[/] with keys of its own")
        at_once(self._onboard, self.specs.values())
        self.merchant = admitted(
            url, self.people, wallets, "data merchant", roles=["DATA_MERCHANT"], number=11, node=False
        )
        self.buyer = admitted(url, self.people, wallets, "research bank", roles=["BUYER"], number=21, node=False)
        self.console.print("  data merchant and research bank (buyer): ACTIVE")

    def _onboard(self, spec: DomainSpec) -> None:
        """The domain makes its keys; the exchange learns the public ones; the domain pins whom it trusts."""
        member, folder = self.providers[spec.domain], str(self.processes.domain(spec.domain))
        public = self.processes.in_domain("init", folder)
        member.at.register_node(
            domain=spec.domain, signing_key=public["signing_key"], broker_sha256=public["broker_sha256"]
        )
        key = member.at.issue_key(roles=["NODE"], sha256=public["api_key_sha256"], person_name="node")
        about = member.at.http.get("/v1/exchange")
        vkeys = [word for vkey in about["log_vkeys"] for word in ("--log-vkey", vkey)]
        self.processes.in_domain(
            "trust", folder, "--domain", spec.domain, "--exchange", self.processes.url,
            "--exchange-key", about["exchange_key"], *vkeys,
            "--broker-url", self.processes.broker_url, "--api-key-id", key["id"],
        )  # fmt: skip
        self.domain_keys[spec.domain] = PublicKey.parsed(public["signing_key"])

    def registration(self) -> None:
        """确权登记: the data is prepared inside each domain; only its profile leaves."""
        self.console.rule("2 · registration 确权登记")
        table = Table("set", "rows", "origin", "licence", title="real public data, one domain each")
        for spec, form in zip(self.specs.values(), at_once(self._prepared, self.specs.values()), strict=True):
            asset = self.providers[spec.domain].at.submit_asset(form)
            self.assets[spec.domain] = asset["id"]
            table.add_row(spec.title_en, f"{form['rows']:,}", spec.origin, spec.licence)
            registrar = self.people["registrar"].at
            for verb in ("accept", "pass-formal-review", "start-publicity"):
                registrar.asset_step(asset["id"], verb)
            if spec.domain == "power":
                with self._refused("a core-graded asset (provincial dispatch topology)"):
                    self.providers["power"].at.submit_asset(forms.core_asset(form))
        self.console.print(table)
        self._pass(21 * DAY_S, "ten working days of publicity pass")
        for domain, asset_id in self.assets.items():
            certified = self.people["registrar"].at.asset_step(asset_id, "issue-certificate")
            self.console.print(f"  {domain}: certificate {certified['certificate_no']}, handle {certified['handle']}")

    def _prepared(self, spec: DomainSpec) -> dict[str, Any]:
        folder = self.processes.domain(spec.domain)
        write_sources(spec.domain, folder / "sources")
        specs = [one.model_dump(mode="json") for one in spec.tables]
        declared = forms.written(folder / "declared.json", specs)
        return forms.registration(
            spec, self.processes.in_domain("prepare", str(folder), str(declared), str(folder / "sources"))
        )

    def grading(self) -> None:
        """分级分类: claimed by the holder, reviewed with the engine, confirmed by a second person."""
        self.console.rule("3 · grading 分级分类, compliance assessment, listing 挂牌")
        first, second = (self.people[f"{which} compliance officer"].at for which in ("first", "second"))
        for domain, asset_id in self.assets.items():
            self.providers[domain].at.grading_step(asset_id, "self-grade", {"claimed": "G2"})
            first.grading_step(asset_id, "review")
            graded = second.grading_step(asset_id, "confirm")
            listing = self.providers[domain].at.submit_listing(
                asset_id=asset_id,
                merchant_id=self._there(self.merchant).id,
                template=forms.terms(domain, int(time.time())),
                quality_report_sha256=sha256(f"quality of {domain}"),
            )
            first.assess(
                listing["id"],
                passed=True,
                report_sha256=sha256(domain),
                assessor_id=self._there(self.merchant).id,
            )
            self.providers[domain].at.publish(listing["id"])
            self.console.print(
                f"  {domain}: {graded['grade']}, open SQL {graded['open_sql']} over at least {graded['k_min']} units; "
                f"LIVE under price model {forms.PRICES[domain]['model']}"
            )

    def licensing(self) -> None:
        """授权: asked by the buyer, signed by the provider's own key inside its domain, signed by the buyer."""
        self.console.rule("4 · licences 授权, escrow")
        buyer = self._there(self.buyer)
        listings = {listing["domain"]: listing for listing in buyer.at.listings()}
        for domain, listing in listings.items():
            self.licences[domain] = buyer.at.request_licence(listing["id"], listing["template"])["id"]
        at_once(lambda domain: self.processes.in_domain("sign", *self._licence_of(domain)), listings)
        for domain, listing in listings.items():
            envelope = countersigned(
                buyer.wallet,
                buyer.at.licence(self.licences[domain]),
                asked=listing["template"],
                listing_id=listing["id"],
                domain_key=self.domain_keys[domain],
            )
            active = buyer.at.agree(self.licences[domain], envelope)
            self.console.print(f"  {domain}: {active['state']}, signed by both, digest {active['digest'][:16]}…")
        escrow = buyer.at.deposit(5_000_000, "bank-slip-0001")
        self.console.print(f"  escrow funded: {yuan(escrow['available_fen'])} (by a simulated bank rail)")

    def _licence_of(self, domain: str) -> tuple[str, str]:
        return str(self.processes.domain(domain)), self.licences[domain]

    def trading(self) -> None:
        """Explain, order, compute in the domain, open at home, accept."""
        self.console.rule("5 · ten questions, computed where the data is")
        buyer = self._there(self.buyer)
        for query in ANSWERED:
            ask = forms.order(self.licences[query.domain], query.domain, query.sql)
            explained = buyer.at.explain(ask)
            placed = buyer.at.place_order(ask)
            self.orders.append(placed["id"])
            self.console.print(f"  [bold]{query.title}[/] ({query.domain}) · hold {yuan(explained['price_fen'])}")
            order = buyer.at.wait_for_order(placed["id"], deadline_s=WAIT_S)
            show(self.console, self._opened(order))
            buyer.at.accept(order["id"])
            self.answers += 1

    def refusing(self) -> None:
        """What is not allowed is refused first, recorded, and costs nothing; what fails is refunded."""
        self.console.rule("6 · refusals, a refund, a revocation")
        buyer = self._there(self.buyer)
        with self._refused("logistics data for MARKETING"):
            sql = ANSWERED[-1].sql
            buyer.at.place_order(forms.order(self.licences["logistics"], "logistics", sql, purpose="MARKETING"))
        for query in REFUSED:
            with self._refused(query.title):
                buyer.at.place_order(forms.order(self.licences[query.domain], query.domain, query.sql))
        before = buyer.at.escrow()["available_fen"]
        nobody = "SELECT count(*) AS loans FROM loans WHERE state = 'nowhere'"
        placed = buyer.at.place_order(forms.order(self.licences["finance"], "finance", nobody))
        failed = buyer.at.wait_for_order(placed["id"], deadline_s=WAIT_S)
        after = buyer.at.escrow()["available_fen"]
        if failed["state"] != "FAILED" or before != after:
            raise RuntimeError("a failed job must give everything back")
        self.refunds += 1
        self.console.print(f"  failed job: {failed['refusal']}, refunded in full by {failed['refund_rule']}")
        self.providers["finance"].at.stop_licence(self.licences["finance"], "revoke", "SUPPLIER_DECISION")
        with self._refused("the next query after the finance provider revoked its licence"):
            buyer.at.place_order(forms.order(self.licences["finance"], "finance", nobody))

    def settlement(self) -> None:
        """交易结算: the day is closed, split to the fen, and paid on the next working day."""
        self.console.rule("7 · settlement 交易结算")
        clerk = self.people["settlement clerk"].at
        batch = clerk.close_day()
        self._pass(5 * DAY_S, "the next working day comes")
        clerk.pay(batch["id"])
        paid = clerk.money.wait_for_batch(batch["id"], deadline_s=60)
        self.console.print(f"  batch of {batch['settlements']} orders, {yuan(batch['gross_fen'])}: {paid['state']}")
        for name, member in {**self.providers, "merchant": self._there(self.merchant)}.items():
            lines = member.at.statements()
            self.console.print(f"    {name}: {yuan(sum(line['amount_fen'] for line in lines))} in {len(lines)} lines")

    def audit(self) -> int:
        """合规监管: an auditor opens one order's evidence."""
        self.console.rule("8 · audit 合规监管")
        bundle = self.people["auditor"].at.evidence(self.orders[0])
        facts = len(checked_bundle(bundle, self.admin.log.vkeys()))
        self.console.print(f"  evidence of one order: {facts} facts, each opened and proven to be in the log")
        return facts

    def _pass(self, seconds: int, words: str) -> None:
        told = self.admin.http.post("/v1/rehearsal:advance", {"seconds": seconds})
        self.console.print(f"  [dim]{words}: the rehearsal's clock is {told['behind_s'] // DAY_S} days behind[/]")

    def _opened(self, order: dict[str, Any]) -> Answer:
        if order["state"] != "DELIVERED":
            raise RuntimeError(f"expected an answer, not {order['state']} {order['refusal']}")
        buyer = self._there(self.buyer)
        sealed = buyer.at.result(order["id"])
        return open_result(buyer.wallet, sealed, order_id=order["id"], domain_key=self.domain_keys[order["domain"]])

    @contextmanager
    def _refused(self, what: str) -> Iterator[None]:
        try:
            yield
        except Problem as problem:
            self.refusals.append(problem.code)
            why = f" — {problem.explanation}" if problem.explanation else ""
            self.console.print(f"  [red]refused[/] {what}: {problem.code}{why}")
        else:
            raise RuntimeError(f"not refused: {what}")

    @staticmethod
    def _there(member: Member | None) -> Member:
        if member is None:
            raise RuntimeError("the story starts with admission")
        return member
