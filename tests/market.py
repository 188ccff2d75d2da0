"""A whole market in one process, over HTTP as members see it: no thread runs, and time passes when a test says so."""

import hashlib
import secrets
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from demo import forms
from demo.people import FOUND, STAFF, uscc
from exchange.access.founding import Operator, bootstrap
from exchange.app import create_app
from exchange.client.agreement import countersigned
from exchange.client.api import Exchange
from exchange.client.open import Answer, open_result
from exchange.client.wallet import Wallet
from exchange.dispatch.service import Dispatcher
from exchange.house import House
from exchange.kernel.clock import SECOND, system_clock
from exchange.kernel.unit import Ground
from exchange.ledger.guard import Guard, GuardedKeys
from exchange.ledger.sequencer import Sequencer
from exchange.ledger.signer import sign_head
from exchange.ledger.store import Store
from exchange.orders.clockwork import Clockwork
from exchange.oversight.timers import TIMERS as ABOVE
from exchange.settings import Settings
from exchange.settlement.teller import Teller
from exchange.wire.keys import PrivateKey
from exchange.wire.notes import LogSigner
from policies.engine import load_policies
from tests.provider import SPEC, Provider
from tests.ways import Bridge, Queues
from workers.engines import Answered, Engine

SQL = "SELECT district, count(*) AS firms, sum(kwh) AS kwh FROM load GROUP BY district ORDER BY district"
URL = "http://testserver"
DAY_S = 86_400
OPENING_US = 1_772_413_200 * SECOND
"""Monday, 2 March 2026, 09:00 in Shanghai."""


def opened(store: Store, home: Path) -> TestClient:
    """The door of an exchange whose log is `store`; the lifespan is not entered, so nothing runs beside a request."""
    ground = Ground(store, system_clock, load_policies(), key=PrivateKey.generated())
    return TestClient(create_app(House(_settings(home), ground, ())), raise_server_exceptions=False)


def _settings(home: Path) -> Settings:
    said = {"DX_HOME": str(home), "DX_DATABASE_URL": "postgresql://not-opened", "DX_REQUESTS_PER_MINUTE": "1000000"}
    return Settings.read(said)


class Ready:
    """An engine that has the answer ready: what the jail would bring, where a test is about something else."""

    def __init__(self, *rows: tuple[str, int, int, int]) -> None:
        self.rows, self.asked = rows or (("district 0", 20, 2380, 20), ("district 1", 20, 2400, 20)), 0

    def portable(self, tables: AbstractSet[str]) -> bool:
        return False

    def run(self, sql: str, tables: AbstractSet[str]) -> Answered:
        self.asked += 1
        return Answered(("district", "firms", "kwh", "units", "dominated"), tuple((*row, False) for row in self.rows))


class Market:
    """Staff, a supplier with a domain, a merchant and a buyer with 250,000 fen; one listing is live."""

    supplied_by: type[Provider] = Provider

    def __init__(self, store: Store, home: Path, price: dict[str, Any] | None = None, grade: str = "G2") -> None:
        home.mkdir(parents=True)
        self.store, self.home, self.now, self.grade = store, home, OPENING_US, grade
        self.ground = Ground(store, lambda: self.now, load_policies(), key=PrivateKey.generated())
        self._signer = LogSigner("exchange.example/test/2026", secrets.token_bytes(32), secrets.token_bytes(32))
        house = House(_settings(home), self.ground, tuple(self._signer.vkeys()))
        self.app = create_app(house)
        self.door = TestClient(self.app, raise_server_exceptions=False)
        self.queues, self.bridge, self._guard = Queues(), Bridge(self.door), Guard(home / "guard")
        self.dispatcher = Dispatcher(self.ground, self.queues)
        self.clockwork = Clockwork(self.ground, self.dispatcher, also=ABOVE)
        self.teller = Teller(self.ground, self.app.state.rails)
        self._admit()
        self.listing = self._listed({**forms.terms("health", self.now_s), **({"price": price} if price else {})})

    @property
    def now_s(self) -> int:
        return self.now // SECOND

    def at(self, credential: str | None) -> Exchange:
        return Exchange(URL, credential, transport=self.bridge)

    def passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    def balances(self) -> dict[str, int]:
        """Every account that was ever named."""
        with self.store.reading() as connection:
            rows = connection.exec_driver_sql("SELECT id, amount_fen FROM balance")
            return {str(name): int(fen) for name, fen in rows}

    # The exchange's own steps, which in production are processes.

    def logs(self) -> None:
        """Place all facts and sign the head."""
        while Sequencer(self.store).run_once():
            pass
        sign_head(self.store, GuardedKeys(self._signer, self._guard), self.now)

    def dispatches(self) -> None:
        self.logs()
        follower = self.dispatcher.follower()
        while follower.run_once():
            pass

    def computes(self, engine: Engine | None = None) -> None:
        """The domain takes what waits for it and keeps its receipts."""
        self.dispatches()
        runner = self.provider.runner(engine or Ready())
        while self.queues.waiting:
            runner.handle(self.queues.waiting.pop(next(iter(self.queues.waiting))))

    def works(self, engine: Engine | None = None) -> None:
        """From the log to the receipts."""
        self.computes(engine)
        self.provider.report()

    def member(self, name: str, number: int, *roles: str, node: bool = False) -> Exchange:
        """From an application to an active participant; the wallet stays in `wallets`."""
        wallet = Wallet.made(self.home / name)
        form = {
            "org_name": name,
            "uscc": uscc(number),
            "roles": roles,
            "territory": "CN-HB",
            "operates_node": node,
            **{"evidence": {"identity": "0" * 64}, "legal_representative": "Zhang San"},
        }
        self.at(None).apply(form, wallet)
        member = self.at(wallet.credential)
        self.staff["first reviewer"].take_application(wallet.identity.participant_id)
        self.staff["second reviewer"].approve(wallet.identity.participant_id, FOUND)
        member.activate(wallet, settlement_wallet="corporate-account")
        self.wallets[name] = wallet
        return member

    @staticmethod
    def key_of(owner: Exchange, secret: str, role: str) -> str:
        """The credential of a further key of the same participant, or of a duty."""
        key = owner.issue_key(roles=[role], sha256=_sha256(secret), person_name=role.lower())
        return f"dxk_{key['id']}.{secret}"

    def licence(self, **narrower: Any) -> str:
        """An active licence under the listing, signed by both sides."""
        terms = {**self.listing["template"], **narrower}
        licence_id: str = self.buyer.request_licence(self.listing["id"], terms)["id"]
        self.provider.sign(licence_id)
        signed = countersigned(
            self.wallets["buyer"],
            self.buyer.licence(licence_id),
            asked=terms,
            listing_id=self.listing["id"],
            domain_key=self.provider.domain.key.public,
        )
        self.buyer.agree(licence_id, signed)
        return licence_id

    def ask(self, licence_id: str, **changed: Any) -> dict[str, Any]:
        return {**forms.order(licence_id, "health", SQL), **changed}

    def ordered(self, licence_id: str | None = None) -> str:
        order_id: str = self.buyer.place_order(self.ask(licence_id or self.licence()))["id"]
        return order_id

    def answer(self, order_id: str) -> Answer:
        """Fetched and opened at home."""
        sealed, key = self.buyer.result(order_id), self.provider.domain.key.public
        return open_result(self.wallets["buyer"], sealed, order_id=order_id, domain_key=key)

    def _admit(self) -> None:
        secret = secrets.token_urlsafe(32)
        operator = Operator("Data-element exchange", uscc(0), self.ground.key.public)
        admin = self.at(f"dxk_{bootstrap(self.ground, admin_sha256=_sha256(secret), operator=operator)}.{secret}")
        self.admin, self.wallets = admin, dict[str, Wallet]()
        self.staff = {who: self.at(self.key_of(admin, secrets.token_urlsafe(32), duty)) for who, duty in STAFF.items()}
        self.supplier = self.member("supplier", 1, "SUPPLIER", node=True)
        self.merchant = self.member("merchant", 11, "DATA_MERCHANT")
        self.buyer = self.member("buyer", 21, "BUYER")
        self.buyer.deposit(250_000, "bank-slip-0001")
        self.provider = self.supplied_by(self.home / "domain", lambda: self.now_s)
        self.supplier.register_node(domain=SPEC.domain, **self.provider.public)
        credential = self.key_of(self.supplier, self.provider.domain.secret("api.secret"), "NODE")
        self.provider.trust(admin.about(), credential, self.bridge)

    def _listed(self, template: dict[str, Any]) -> dict[str, Any]:
        """Registered, made public for ten working days, graded twice, assessed and published."""
        attributes = {**forms.HARMLESS, "risk_assessed": self.grade == "IMPORTANT"}
        form = {**forms.registration(self.provider.spec, self.provider.prepared()), "attributes": attributes}
        asset_id = self.supplier.submit_asset(form)["id"]
        registrar = self.staff["registrar"]
        for verb in ("accept", "pass-formal-review", "start-publicity"):
            registrar.asset_step(asset_id, verb)
        self.passes(21 * DAY_S)
        registrar.asset_step(asset_id, "issue-certificate")
        self._graded(asset_id)
        house, digest = self.wallets["merchant"].identity.participant_id, "0" * 64
        listing = self.supplier.submit_listing(
            asset_id=asset_id, merchant_id=house, template=template, quality_report_sha256=digest
        )
        officer = self.staff["first compliance officer"]
        officer.assess(listing["id"], passed=True, report_sha256=digest, assessor_id=house)
        return self.supplier.publish(listing["id"])

    def _graded(self, asset_id: str) -> None:
        self.supplier.grading_step(asset_id, "self-grade", {"claimed": self.grade})
        self.staff["first compliance officer"].grading_step(asset_id, "review")
        self.staff["second compliance officer"].grading_step(asset_id, "confirm")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
