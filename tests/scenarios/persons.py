"""A market whose asset is about individuals: they are admitted, agree, and are known by pseudonyms from then on."""

from pathlib import Path
from typing import Any

from demo import forms
from demo.people import FOUND
from exchange.client.api import Exchange
from exchange.client.wallet import Wallet
from exchange.ledger.store import Store
from tests.market import DAY_S, Market

SQL = "SELECT count(*) AS firms, sum(kwh) AS kwh FROM load"
BINDS = {"kinds": ["metering"], "retention_days": 365, "separate": True}


class Persons(Market):
    """The market of the scenarios over personal data of grade G3, sold at one price and split by T2."""

    def __init__(self, store: Store, home: Path, price_fen: int) -> None:
        self.price_fen = price_fen
        super().__init__(store, home, {"model": "P1", "price_fen": price_fen}, "G3")
        self.buyer.deposit(5 * price_fen, "bank-slip-0002")
        self.asset_id: str = self.listing["asset_id"]
        self.persons: dict[str, Exchange] = {}
        self.consents: dict[str, dict[str, Any]] = {}

    def _listed(self, template: dict[str, Any]) -> dict[str, Any]:
        usual, forms.HARMLESS = forms.HARMLESS, {
            **forms.HARMLESS, "pi": "PERSONAL", "pi_authorised": True, "separate_consent": True,
        }  # fmt: skip
        try:
            return super()._listed({**template, "split_template": "T2"})
        finally:
            forms.HARMLESS = usual

    def admitted(self, name: str, *, under_14: bool = False, guardian: str = "") -> Exchange:
        """From an application to an active individual."""
        wallet = Wallet.made(self.home / f"person-{name}")
        guardian_id = self.wallets[guardian].identity.participant_id if guardian else ""
        form = {"person_name": name, "territory": "CN-HB", "under_14": under_14, "guardian_id": guardian_id}
        self.at(None).persons.apply({**form, "evidence": {"real_name": "0" * 64}}, wallet)
        person = self.at(wallet.credential)
        self.staff["first reviewer"].take_application(wallet.identity.participant_id)
        self.staff["second reviewer"].approve(wallet.identity.participant_id, FOUND)
        person.activate(wallet, settlement_wallet="e-cny")
        self.wallets[name], self.persons[name] = wallet, person
        return person

    def agrees(self, name: str, **changed: Any) -> dict[str, Any]:
        terms = self.listing["template"]
        form = {
            "asset_id": self.asset_id, "purposes": terms["purposes"], "modes": terms["modes"],
            "valid_to_s": self.now_s + 365 * DAY_S, **BINDS, **changed,
        }  # fmt: skip
        self.consents[name] = self.persons[name].persons.consent(form)
        return self.consents[name]

    def found(self, name: str, unit: str, records: int = 1) -> dict[str, Any]:
        """Whoever holds the data has found the person's records, and knows whose they are."""
        consent = self.consents[name]
        self.provider.domain.enrol("load", consent["pseudonym"], unit)
        return self.supplier.persons.step(consent["id"], "activate", {"records": records})

    def joined(self, *weights: int) -> None:
        """So many individuals agree and are found; the first ones by these weights, the others one record each."""
        for n, records in enumerate(weights):
            self.admitted(f"I-{n + 1}")
            self.agrees(f"I-{n + 1}")
            self.found(f"I-{n + 1}", f"m{n}", records)

    def wallet(self, name: str, kind: str) -> str:
        """A verified wallet, under its own alias."""
        bound = self.persons[name].persons.bind_wallet(self.asset_id, kind, f"wallet-{name}")
        self.staff["settlement clerk"].money.verify_account(bound["payee_id"], bound["account_digest"])
        return f"wallet-{name}"

    def asked(self) -> str:
        computation = {"kind": "sql", "sql": SQL}
        order_id: str = self.buyer.place_order(self.ask(self.licence(), computation=computation))["id"]
        return order_id

    def settled(self, order_id: str) -> None:
        """Accepted, batched, and paid on the working day after."""
        self.buyer.accept(order_id)
        self.staff["settlement clerk"].close_day()
        self.passes(DAY_S)
        self.ticks()

    def ticks(self) -> None:
        self.clockwork.run_once()
        self.teller.run_once()

    def events(self, order_id: str) -> list[str]:
        self.logs()
        return [one["type"] for one in self.buyer.order_events(order_id)]
