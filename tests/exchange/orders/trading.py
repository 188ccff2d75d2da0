"""One licensed trade ready to run, in a store with a clock that is moved by hand; and the domain's receipts for it."""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from exchange.access import desk
from exchange.access import service as access
from exchange.access.asks import NodeAsk, Review
from exchange.classification import service as classification
from exchange.kernel.caller import Caller, Role
from exchange.licensing import service as licensing
from exchange.licensing.asks import Assessment, ListingAsk
from exchange.licensing.model import Licence, Listing
from exchange.orders import service
from exchange.orders.asks import OrderAsk, ReceiptAsk
from exchange.orders.clockwork import Clockwork
from exchange.orders.model import Order
from exchange.registration import register
from exchange.registration.model import Asset
from exchange.settlement import lines, views
from exchange.settlement import service as settlement
from exchange.settlement.rails import RailAnswer, RailStatus
from exchange.wire.admissions import RulebookSigned
from exchange.wire.keys import PrivateKey
from exchange.wire.licences import LicenceTerms
from exchange.wire.receipts import Receipt, SealedOutput
from exchange.wire.refusals import Refusal
from exchange.wire.sealing import RecipientKey
from tests.exchange.forms import form, publicised
from tests.exchange.rehearsal import COMPLIANCE, FIRST, FOUND, REGISTRAR, SEALING_KEY, SECOND, Market, digest, staff

DOMAIN, PRICE_FEN, DEPOSIT_FEN, JOBS_MAX = "power", 50_000, 500_000, 3
DAY_S, DAY_US = 86_400, 86_400_000_000
SQL = "SELECT district, COUNT(*) AS meters FROM load GROUP BY district"
OTHER = staff(Role.COMPLIANCE, "other")
CIPHERTEXT = b"only the buyer opens this"


@dataclass(slots=True)
class Trading:
    """A supplier, a buyer, and what they agreed on. `licence_id` is in force for thirty days and three jobs."""

    market: Market
    supplier: Caller
    buyer: Caller
    domain_key: PrivateKey
    buyer_key: PrivateKey
    asset_id: str = ""
    listing_id: str = ""
    licence_id: str = ""

    def order(self) -> Order:
        with self.market.ground.writing(self.buyer) as unit:
            return service.place_order(unit, self.market.ground.key, self.ask())

    def ask(self) -> OrderAsk:
        said = {"computation": {"kind": "sql", "sql": SQL}, "purpose": "POWER_OPERATION", "territory": "CN-HB"}
        return OrderAsk.model_validate({"licence_id": self.licence_id, **said})

    def reasons(self) -> tuple[str, ...]:
        """What the next order would be told."""
        with self.market.ground.reading(self.buyer) as unit:
            return service.explain(unit, self.ask()).reasons

    def report(self, order: Order, refusal: Refusal | None = None) -> Order:
        """The domain hands in its receipt: with an answer, or with a code."""
        with self.market.ground.writing(
            Caller(self.supplier.participant_id, "psn_node", frozenset({Role.NODE}))
        ) as unit:
            return service.accept_receipt(unit, self._receipt(order, refusal))

    def _receipt(self, order: Order, refusal: Refusal | None) -> ReceiptAsk:
        now_s = self.market.now // 1_000_000
        output = SealedOutput(
            ciphertext_sha256=sha256(CIPHERTEXT).hexdigest(),
            ciphertext_bytes=len(CIPHERTEXT),
            recipient_kid=RecipientKey.parsed(SEALING_KEY).kid,
            tag="0" * 64,
        )
        receipt = Receipt(
            ticket_id=order.ticket_id,
            ticket_digest=order.digest,
            order_id=order.id,
            domain=DOMAIN,
            output=None if refusal else output,
            refusal=refusal,
            plan_digest=None if refusal else "0" * 64,
            policy_digest=self.market.ground.policies.digest,
            log_size=1,
            started_at_s=now_s,
            finished_at_s=now_s,
        )
        ciphertext = None if refusal else b64encode(CIPHERTEXT).decode()
        return ReceiptAsk(receipt=receipt.signed(self.domain_key), ciphertext=ciphertext)

    def tick(self, *, days: int = 0, seconds: int = 0) -> None:
        """Let time pass, then let the clockwork look once."""
        self.market.now += days * DAY_US + seconds * 1_000_000
        Clockwork(self.market.ground, None).run_once()

    def escrow_fen(self) -> int:
        with self.market.ground.reading(self.buyer) as unit:
            return views.balance_fen(unit.connection, lines.escrow(self.buyer.participant_id))

    def licence(self) -> Licence:
        with self.market.ground.reading(self.buyer) as unit:
            return unit.get(Licence, self.licence_id)

    def listing(self) -> Listing:
        with self.market.ground.reading(self.buyer) as unit:
            return unit.get(Listing, self.listing_id)

    def asset(self) -> Asset:
        with self.market.ground.reading(self.buyer) as unit:
            return unit.get(Asset, self.asset_id)

    def order_now(self, order_id: str) -> Order:
        with self.market.ground.reading(self.buyer) as unit:
            return unit.get(Order, order_id)

    def request(self) -> str:
        """A further licence, asked for and not answered."""
        with self.market.ground.writing(self.buyer) as unit:
            return licensing.request_licence(unit, self.listing_id, _terms(self.market)).id

    def offer(self, licence_id: str) -> Licence:
        with self.market.ground.writing(self.supplier) as unit:
            proposed = licensing.proposal(unit.get(Licence, licence_id)).signed(self.domain_key)
            return licensing.offer(unit, licence_id, proposed)

    def agree(self, licence_id: str) -> Licence:
        with self.market.ground.writing(self.buyer) as unit:
            offered = unit.get(Licence, licence_id).signed
            both = offered.countersigned(self.buyer_key)
            return licensing.agree(unit, licence_id, both)


def begun(market: Market) -> Trading:
    """From admission to a licence in force and money in escrow."""
    supplier, _ = _admitted(market, "SUPPLIER", "DATA_MERCHANT")
    buyer, buyer_key = _admitted(market, "BUYER")
    trading = Trading(market, supplier, buyer, PrivateKey.generated(), buyer_key)
    ask = NodeAsk(domain=DOMAIN, signing_key=trading.domain_key.public.text, broker_sha256=digest("broker"))
    with market.ground.writing(supplier) as unit:
        desk.register_node(unit, ask)
    trading.asset_id = _certified(market, supplier)
    trading.listing_id = _listed(market, trading)
    trading.licence_id = trading.request()
    trading.offer(trading.licence_id)
    trading.agree(trading.licence_id)
    with market.ground.writing(buyer) as unit:
        confirmed = RailAnswer(RailStatus.PAID, DEPOSIT_FEN, "sim")
        settlement.fund(unit, "bank", confirmed, amount_fen=DEPOSIT_FEN, rail_reference="in-0001")
    return trading


def _admitted(market: Market, *roles: str) -> tuple[Caller, PrivateKey]:
    applied, key = market.applied(*roles), PrivateKey.generated()
    with market.ground.writing(FIRST) as unit:
        access.take(unit, applied.id)
    with market.ground.writing(SECOND) as unit:
        access.approve(unit, applied.id, Review(facts=FOUND))
    caller = Caller(applied.id, f"psn_of_{applied.id[5:9]}", frozenset(Role(role) for role in roles))
    rulebook = RulebookSigned(
        participant_id=applied.id,
        policy_digest=market.ground.policies.digest,
        signing_key=key.public.text,
        recipient_key=SEALING_KEY,
        wallet="bank:0001",
    )
    with market.ground.writing(caller) as unit:
        access.activate(unit, applied.id, rulebook.signed(key))
    return caller, key


def _certified(market: Market, supplier: Caller) -> str:
    asset_id = publicised(market, supplier, form(DOMAIN)).id
    with market.ground.writing(supplier) as unit:
        classification.self_grade(unit, asset_id, "G2")
    for person, step in ((COMPLIANCE, classification.review), (OTHER, classification.confirm)):
        with market.ground.writing(person) as unit:
            step(unit, asset_id)
    market.now += 20 * DAY_US
    with market.ground.writing(REGISTRAR) as unit:
        return register.issue_certificate(unit, asset_id).id


def _listed(market: Market, trading: Trading) -> str:
    template, merchant = _terms(market), trading.supplier.participant_id
    ask = ListingAsk(
        asset_id=trading.asset_id, merchant_id=merchant, template=template, quality_report_sha256=digest("quality")
    )
    passed = Assessment(passed=True, report_sha256=digest("report"), assessor_id="part_assessor")
    with market.ground.writing(trading.supplier) as unit:
        listing_id = licensing.submit_listing(unit, ask).id
    with market.ground.writing(COMPLIANCE) as unit:
        licensing.assess(unit, listing_id, passed)
    with market.ground.writing(trading.supplier) as unit:
        return licensing.publish(unit, listing_id).id


def _terms(market: Market) -> LicenceTerms:
    now_s = market.now // 1_000_000
    said: dict[str, Any] = {
        "purposes": ["POWER_OPERATION"],
        "territories": ["CN-HB"],
        "modes": ["M6"],
        "valid_from_s": now_s,
        "valid_to_s": now_s + 30 * DAY_S,
        "jobs_max": JOBS_MAX,
        "price": {"model": "P1", "price_fen": PRICE_FEN},
        "split_template": "T1",
        "onward": "NONE",
        "derived_right": "INTERNAL",
        "retention_days": 365,
        "contract_type": "PROVISION",
    }
    return LicenceTerms.model_validate(said)
