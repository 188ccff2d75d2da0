"""A domain that is paid by its word: receipts that are replayed, borrowed, altered or made up move nothing."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from exchange.client.api import Exchange
from exchange.client.connection import Problem
from exchange.ledger.store import Store
from exchange.wire.envelope import Envelope
from exchange.wire.keys import PrivateKey
from exchange.wire.receipts import Receipt
from exchange.wire.refusals import Refusal
from tests.market import Market


@pytest.fixture
def market(store: Store, tmp_path: Path) -> Market:
    return Market(store, tmp_path / "home")


def reported(market: Market) -> tuple[str, dict[str, Any]]:
    """An order whose answer is computed, and the report of it that was not handed in yet."""
    order_id = market.ordered()
    market.computes()
    ((_, body),) = market.provider.claims.undelivered()
    return order_id, json.loads(body)


def altered(market: Market, report: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """The same report with other words in its receipt, signed by the domain's own key."""
    key = market.provider.domain.key
    receipt = Receipt.opened(Envelope.model_validate(report["receipt"]), (key.public,))
    return {**report, "receipt": receipt.model_copy(update=changed).signed(key).model_dump(mode="json")}


def node(market: Market) -> Exchange:
    return market.at(market.provider.credential)


def hand_in(node: Exchange, report: dict[str, Any]) -> dict[str, Any]:
    return node.http.post("/v1/receipts", report)


def refused(market: Market, node: Exchange, order_id: str, report: dict[str, Any]) -> tuple[int, str]:
    """How the report is refused; order and money are as before."""
    before, order = market.balances(), market.buyer.order(order_id)
    with pytest.raises(Problem) as told:
        hand_in(node, report)
    assert market.balances() == before
    assert market.buyer.order(order_id) == order
    return told.value.status, told.value.code


def test_a_receipt_handed_in_again_is_paid_once(market: Market) -> None:
    order_id, report = reported(market)
    first = hand_in(node(market), report)
    after = market.balances()

    assert hand_in(node(market), report) == first
    assert market.balances() == after
    assert len(market.buyer.order_events(order_id)) == 3


def test_another_answer_after_the_first_is_refused(market: Market) -> None:
    order_id, report = reported(market)
    hand_in(node(market), report)
    second = altered(market, report, output=None, refusal=Refusal.COMPUTATION_FAILED)

    assert refused(market, node(market), order_id, {**second, "ciphertext": None}) == (409, "E_STATE")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b64encode(b"something else").decode(), (409, "E_CIPHERTEXT")),
        (None, (409, "E_CIPHERTEXT")),
        ("not base64!", (400, "E_MALFORMED")),
    ],
    ids=["other bytes", "nothing", "no base64"],
)
def test_only_the_bytes_of_the_receipt_are_taken(market: Market, sent: str | None, expected: tuple[int, str]) -> None:
    order_id, report = reported(market)

    assert refused(market, node(market), order_id, {**report, "ciphertext": sent}) == expected


@pytest.mark.parametrize("changed", [{"ticket_digest": "0" * 64}, {"ticket_id": "tkt_other"}], ids=["digest", "id"])
def test_a_receipt_for_another_ticket_is_refused(market: Market, changed: dict[str, str]) -> None:
    order_id, report = reported(market)

    assert refused(market, node(market), order_id, altered(market, report, **changed)) == (409, "E_TICKET")


def test_a_receipt_under_a_key_that_is_not_the_domains_is_refused(market: Market) -> None:
    order_id, report = reported(market)
    receipt = Receipt.peeked(Envelope.model_validate(report["receipt"]))
    forged = {**report, "receipt": receipt.signed(PrivateKey.generated()).model_dump(mode="json")}

    assert refused(market, node(market), order_id, forged) == (400, "E_SIGNATURE")


def test_a_neighbour_can_neither_bring_our_receipt_nor_speak_of_our_order(market: Market) -> None:
    order_id, report = reported(market)
    key, neighbour = _neighbour(market)
    receipt = Receipt.peeked(Envelope.model_validate(report["receipt"]))
    own = receipt.model_copy(update={"domain": "neighbour"}).signed(key).model_dump(mode="json")

    assert refused(market, neighbour, order_id, report)[0] == 404
    assert refused(market, neighbour, order_id, {**report, "receipt": own})[0] == 404


@pytest.mark.parametrize("name", ["supplier", "buyer"])
def test_only_a_node_hands_in_receipts(market: Market, name: str) -> None:
    order_id, report = reported(market)

    assert refused(market, market.at(market.wallets[name].credential), order_id, report)[0] == 403


def _neighbour(market: Market) -> tuple[PrivateKey, Exchange]:
    """Another supplier, whose node has a key of its own."""
    supplier, key = market.member("neighbour", 2, "SUPPLIER", node=True), PrivateKey.generated()
    supplier.register_node(domain="neighbour", signing_key=key.public.text, broker_sha256="1" * 64)
    secret = "of-the-neighbours-node-" + "x" * 20
    return key, market.at(market.key_of(supplier, secret, "NODE"))
