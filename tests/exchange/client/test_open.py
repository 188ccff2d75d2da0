"""A sealed answer opens at home, and only if every link from the domain's key to the cell holds."""

import hashlib
import secrets
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest

from exchange.client.open import RESULT_TYPE, ResultRefused, open_result
from exchange.client.wallet import Wallet
from exchange.wire import canonical
from exchange.wire.entries import commitment
from exchange.wire.keys import PrivateKey
from exchange.wire.receipts import Receipt, SealedOutput
from exchange.wire.refusals import Refusal
from exchange.wire.sealing import content, seal

DOMAIN = PrivateKey.generated()
TICKET = "c" * 64
ANSWER: dict[str, Any] = {
    "columns": ["region", "n", "mean"],
    "rows": [["北", 41, "12.50"], ["南", 38, None]],
    "mode": "exact",
    "guarantee": "none: exact answers over at least k privacy units",
    "k_min": 10,
}


@pytest.fixture
def wallet(tmp_path: Path) -> Wallet:
    return Wallet.made(tmp_path / "wallet")


def sealed_by_domain(
    wallet: Wallet, answer: Any = ANSWER, *, key: PrivateKey = DOMAIN, salt: bytes | None = None, **changes: Any
) -> dict[str, Any]:
    """What the exchange hands out after an honest domain (or, with changes, another) reported."""
    salt = salt or secrets.token_bytes(32)
    clear = canonical.encode(answer)
    plain = content(clear, salt)
    ciphertext = seal(plain, wallet.opening_key.public, order_id="ord_a", ticket_digest=TICKET)
    output = SealedOutput(
        ciphertext_sha256=hashlib.sha256(ciphertext).hexdigest(),
        ciphertext_bytes=len(ciphertext),
        recipient_kid=changes.pop("recipient_kid", wallet.opening_key.public.kid),
        tag=changes.pop("tag", commitment(salt, RESULT_TYPE, clear)),
    )
    fields: dict[str, Any] = {
        "ticket_id": "tkt_a", "ticket_digest": TICKET, "order_id": "ord_a", "domain": "health", "output": output,
        "refusal": None, "plan_digest": "d" * 64, "policy_digest": "e" * 64, "log_size": 9, "started_at_s": 1,
        "finished_at_s": 2,
    }  # fmt: skip
    receipt = Receipt.model_validate({**fields, **changes})
    return {
        "order_id": receipt.order_id,
        "ticket_digest": receipt.ticket_digest,
        "receipt": receipt.signed(key).model_dump(),
        "ciphertext": b64encode(ciphertext).decode(),
    }


def refused_by(wallet: Wallet, sealed: Any, order_id: str = "ord_a") -> str:
    with pytest.raises(ResultRefused) as raised:
        open_result(wallet, sealed, order_id=order_id, domain_key=DOMAIN.public)
    assert "41" not in str(raised.value)
    return raised.value.check


def test_an_honest_answer_opens(wallet: Wallet) -> None:
    answer = open_result(wallet, sealed_by_domain(wallet), order_id="ord_a", domain_key=DOMAIN.public)

    assert answer.columns == ("region", "n", "mean")
    assert answer.rows == (("北", 41, "12.50"), ("南", 38, None))
    assert (answer.mode, answer.k_min) == ("exact", 10)


@pytest.mark.parametrize("field", ["order_id", "ticket_digest", "receipt", "ciphertext"])
def test_a_missing_part_is_refused(wallet: Wallet, field: str) -> None:
    sealed = sealed_by_domain(wallet)
    del sealed[field]

    assert refused_by(wallet, sealed) == "1 shape"


@pytest.mark.parametrize("ciphertext", ["?", "AAA", "é", 7, None])
def test_a_ciphertext_that_is_no_base64_is_refused(wallet: Wallet, ciphertext: Any) -> None:
    assert refused_by(wallet, {**sealed_by_domain(wallet), "ciphertext": ciphertext}) == "1 shape"


def test_a_receipt_of_another_key_is_refused(wallet: Wallet) -> None:
    assert refused_by(wallet, sealed_by_domain(wallet, key=PrivateKey.generated())) == "2 signature"


def test_a_receipt_changed_after_signing_is_refused(wallet: Wallet) -> None:
    sealed = sealed_by_domain(wallet)
    content = b64decode(sealed["receipt"]["payload"]).replace(b'"log_size":9', b'"log_size":8')
    sealed["receipt"] = {**sealed["receipt"], "payload": b64encode(content).decode()}

    assert refused_by(wallet, sealed) == "2 signature"


def test_the_answer_of_another_order_is_refused(wallet: Wallet) -> None:
    other = sealed_by_domain(wallet, order_id="ord_b")

    assert refused_by(wallet, other) == "3 order"
    assert refused_by(wallet, {**other, "order_id": "ord_a"}) == "3 order"
    assert refused_by(wallet, sealed_by_domain(wallet), order_id="ord_b") == "3 order"


def test_a_receipt_of_another_ticket_is_refused(wallet: Wallet) -> None:
    assert refused_by(wallet, {**sealed_by_domain(wallet), "ticket_digest": "0" * 64}) == "3 order"


def test_a_receipt_without_an_answer_is_refused(wallet: Wallet) -> None:
    refusal = sealed_by_domain(wallet, output=None, refusal=Refusal.STALE)

    assert refused_by(wallet, refusal) == "3 order"


@pytest.mark.parametrize("place", [0, 700, -1])
def test_a_ciphertext_with_one_bit_changed_is_refused(wallet: Wallet, place: int) -> None:
    sealed = sealed_by_domain(wallet)
    changed = bytearray(b64decode(sealed["ciphertext"]))
    changed[place] ^= 1

    assert refused_by(wallet, {**sealed, "ciphertext": b64encode(changed).decode()}) == "4 ciphertext"


def test_an_answer_sealed_to_another_key_is_refused(wallet: Wallet, tmp_path: Path) -> None:
    other = Wallet.made(tmp_path / "other")

    assert refused_by(other, sealed_by_domain(wallet)) == "5 recipient"
    assert refused_by(other, sealed_by_domain(wallet, recipient_kid=other.opening_key.public.kid)) == "6 opening"


def test_an_answer_sealed_for_another_ticket_does_not_open(wallet: Wallet) -> None:
    assert refused_by(wallet, sealed_by_domain(wallet, ticket_digest="0" * 64)) == "6 opening"


def test_an_answer_the_domain_did_not_commit_to_is_refused(wallet: Wallet) -> None:
    tag = commitment(bytes(32), RESULT_TYPE, canonical.encode({**ANSWER, "rows": []}))

    assert refused_by(wallet, sealed_by_domain(wallet, salt=bytes(32), tag=tag)) == "7 tag"


@pytest.mark.parametrize(
    "answer",
    [
        "hello",
        {**ANSWER, "rows": [["北", 41]]},
        {**ANSWER, "columns": "region"},
        {**ANSWER, "rows": [[{}, 41, "12.50"]]},
        {**ANSWER, "more": 1},
    ],
)
def test_what_is_not_an_answer_is_refused(wallet: Wallet, answer: Any) -> None:
    assert refused_by(wallet, sealed_by_domain(wallet, answer)) == "8 answer"
