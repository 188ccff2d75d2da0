"""The spine: an order from the buyer's question to the money's end. Reads as the trade does."""

from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Mapping
from hashlib import sha256

from exchange.access import service as access
from exchange.custody import service as custody
from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.errors import (
    Guarded,
    IllegalTransition,
    InsufficientFunds,
    Malformed,
    NotFound,
    RecordedRefusal,
    StaleVersion,
)
from exchange.kernel.unit import Unit
from exchange.licensing import service as licensing
from exchange.licensing.model import Licence, Listing
from exchange.orders import approving, budgets, cohorts
from exchange.orders.asks import OrderAsk, ReceiptAsk
from exchange.orders.decide import Trade, Verdict, cohort_of, hold_the_budget_still, judge, trade_of
from exchange.orders.model import (
    Order,
    OrderFailed,
    OrderPlaced,
    OrderRefused,
    ResultDelivered,
)
from exchange.pricing import service as pricing
from exchange.registration import service as registration
from exchange.registration.model import Asset
from exchange.settlement import lines
from exchange.settlement import service as settlement
from exchange.wire.envelope import BadEnvelope
from exchange.wire.keys import PrivateKey, PublicKey
from exchange.wire.receipts import Receipt
from exchange.wire.refusals import Refusal
from policies.refunds import RefundCase, whole

INSPECTION_WORKING_DAYS = 5


def explain(unit: Unit, ask: OrderAsk) -> Verdict:
    """The dry run: exactly the decision an order would meet. Records nothing, costs nothing."""
    return judge(unit, own_trade(unit, ask.licence_id), ask)


def place_order(unit: Unit, key: PrivateKey, ask: OrderAsk, *, order_id: str = "") -> Order:
    """Decide, price, hold and ticket one order: all of it, or none of it. A schedule's order has its own id."""
    unit.caller.require(Role.BUYER)
    licensing.held_still(unit, ask.licence_id)
    trade = own_trade(unit, ask.licence_id)
    hold_the_budget_still(unit, trade)
    licence, verdict = trade.licence, judge(unit, trade, ask)
    order = unit.record(
        Order(id=order_id or ids.fresh("ord")), _placed(unit, trade, ask, verdict), refs=(licence.head,)
    )
    if not verdict.permitted:
        # A refusal is a fact too: recorded first, then reported.
        order = unit.record(order, OrderRefused(reasons=verdict.reasons, explanation=verdict.explanation))
        raise RecordedRefusal(
            "the order is refused", reasons=verdict.reasons, subject=order.id, explanation=verdict.explanation
        )
    # Asked before anything is computed: a share without a payee must not be found out when the answer is there.
    settlement.shares(unit, licence.agreed_terms.split_template, _payees(licence))
    try:
        settlement.hold(
            unit, order_id=order.id, payer_id=trade.buyer.id, amount_fen=verdict.quote.hold_fen, refs=(order.head,)
        )
    except InsufficientFunds:
        # Another order was quicker since the escrow was looked at: decided again, this one is a recorded refusal.
        raise StaleVersion("the escrow has changed; ask again") from None
    if verdict.approvers:
        return approving.ask_for(unit, order, verdict)
    return approving.ticketed(unit, key, order, trade, verdict)


def accept_receipt(unit: Unit, ask: ReceiptAsk) -> Order:
    """What a domain says came of a ticket: keep the ciphertext and take the price, or give everything back."""
    unit.caller.require(Role.NODE)
    receipt, order = _receipt(unit, ask)
    if order.receipt is not None and order.receipt.digest == ask.receipt.digest:
        return order  # The same receipt, handed in again.
    if order.state != "TICKETED":
        raise IllegalTransition("the order has ended; nothing is released")
    licence = _held_still(unit, order)
    if receipt.output is None:
        suppressed = receipt.refusal is Refusal.NOTHING_RELEASABLE
        case = RefundCase.OUTPUT_SUPPRESSED if suppressed else RefundCase.JOB_FAILED
        return _fail(unit, order, ask, receipt, case, cause="DOMAIN_REFUSED")
    if stopped := _stopped(unit, licence):
        # A revocation or a freeze that came first wins: the output is not released (INV-4).
        return _fail(unit, order, ask, receipt, RefundCase.JOB_ABORTED, cause=stopped)
    order, members = cohorts.shrunk(unit, order, licence.k_min)
    if order.state != "TICKETED":
        return order
    ciphertext = _ciphertext(ask, receipt, licence)
    custody.keep(unit, order_id=order.id, buyer_id=order.buyer_id, ciphertext=ciphertext)
    price_fen = _charged(unit, order, licence, members)
    inspection_ends = unit.calendar.end_of(unit.calendar.after(unit.calendar.today(unit.now), INSPECTION_WORKING_DAYS))
    return unit.record(
        order,
        ResultDelivered(
            receipt=ask.receipt,
            ciphertext_sha256=sha256(ciphertext).hexdigest(),
            price_fen=price_fen,
            inspection_ends_at=inspection_ends,
        ),
        refs=(order.head,),
    )


def _held_still(unit: Unit, order: Order) -> Licence:
    """The licence and the budget, in the order in which a new order takes them."""
    licence = licensing.held_still(unit, order.licence_id)
    budgets.lock(unit.connection, order.accounts)
    return licence


def _charged(unit: Unit, order: Order, licence: Licence, members: Mapping[str, int]) -> int:
    """The price is taken from the hold, and owed to everybody with a share."""
    terms = licence.agreed_terms
    price_fen = pricing.charge_call(unit, licence_id=licence.id, order_id=order.id, rule=terms.price)
    settlement.capture(unit, order.id, price_fen)
    settlement.accrue(
        unit,
        order_id=order.id,
        gross_fen=price_fen,
        template=terms.split_template,
        payees=_payees(licence),
        use=settlement.Use(weights=members, product=_product(unit, licence), purpose=str(order.purpose)),
        refs=(order.head,),
    )
    return price_fen


def _product(unit: Unit, licence: Licence) -> str:
    return unit.get(Listing, licence.listing_id).title_zh


def _payees(licence: Licence) -> dict[str, str]:
    """Who stands in which role of a split template (rulebook 4.6); the last two are accounts, not participants."""
    return {
        "SUPPLIER": licence.provider_id,
        "MERCHANT": licence.merchant_id,
        "EXCHANGE": access.EXCHANGE_ID,
        "POOL": lines.pool_of(licence.asset_id),
        "FISCAL": "part_treasury",
        "QUALITY": "part_quality_fund",
    }


def own_trade(unit: Unit, licence_id: str) -> Trade:
    unit.caller.require(Role.BUYER)
    licence = unit.get(Licence, licence_id)
    if licence.buyer_id != unit.caller.participant_id:
        raise NotFound("no such licence")
    return trade_of(unit, licence)


def _placed(unit: Unit, trade: Trade, ask: OrderAsk, verdict: Verdict) -> OrderPlaced:
    return OrderPlaced(
        buyer_id=trade.buyer.id,
        provider_id=trade.provider.id,
        merchant_id=trade.licence.merchant_id,
        licence_id=trade.licence.id,
        asset_id=trade.asset.id,
        domain=trade.licence.domain,
        computation=ask.computation,
        purpose=ask.purpose,
        territory=ask.territory,
        mode=ask.mode,
        hold_fen=verdict.quote.hold_fen,
        rho_nrho=verdict.rho_nrho,
        accounts=verdict.spending.accounts,
        answer_id=verdict.spending.answer_id,
        quote_digest=verdict.quote.conditions_digest,
        permitted=verdict.permitted,
        rule_ids=verdict.decision.rule_ids,
        facts=verdict.decision.facts,
        policy_digest=verdict.decision.policy_digest,
        cohort=len(cohort_of(unit, trade, ask)),
        by=unit.caller.person_id,
    )


def _receipt(unit: Unit, ask: ReceiptAsk) -> tuple[Receipt, Order]:
    """The receipt and its order, once the domain's key is shown to have signed it for this very ticket."""
    try:
        claimed = Receipt.peeked(ask.receipt)
        node = access.node_of(unit, claimed.domain)
        receipt = Receipt.opened(ask.receipt, (PublicKey.parsed(node.signing_key),))
    except BadEnvelope:
        raise Malformed("the receipt is not signed by its domain", code="E_SIGNATURE") from None
    order = unit.get(Order, receipt.order_id)
    if node.participant_id != unit.caller.participant_id or order.domain != receipt.domain:
        raise NotFound("no such order")
    if (receipt.ticket_id, receipt.ticket_digest) != (order.ticket_id, order.digest):
        raise Guarded("the receipt is for another ticket", code="E_TICKET")
    return receipt, order


def _stopped(unit: Unit, licence: Licence) -> str:
    """What ended while the domain computed; empty if all still stands."""
    if not licence.covers(unit.now_s):
        return "LICENCE_ENDED"
    certified = registration.is_certified(unit, unit.get(Asset, licence.asset_id))
    return "" if certified else "CERTIFICATE_ENDED"


def _ciphertext(ask: ReceiptAsk, receipt: Receipt, licence: Licence) -> bytes:
    try:
        ciphertext = b64decode(ask.ciphertext or "", validate=True)
    except (BadBase64, ValueError):
        raise Malformed("the ciphertext is not base64") from None
    output = receipt.output
    if output is not None and output.recipient_kid != licence.recipient_kid:
        raise Guarded("the answer is sealed to another key than the licence names", code="E_CIPHERTEXT")
    if output is None or (sha256(ciphertext).hexdigest(), len(ciphertext)) != (
        output.ciphertext_sha256,
        output.ciphertext_bytes,
    ):
        raise Guarded("the ciphertext is not the one in the receipt", code="E_CIPHERTEXT")
    return ciphertext


def _fail(unit: Unit, order: Order, ask: ReceiptAsk, receipt: Receipt, case: RefundCase, *, cause: str) -> Order:
    rule = whole(unit.policies, case)
    settlement.release(unit, order.id, rule)
    failed = OrderFailed(receipt=ask.receipt, refusal=receipt.refusal, refund_rule=rule, cause=cause)
    return unit.record(order, failed, refs=(order.head,))
