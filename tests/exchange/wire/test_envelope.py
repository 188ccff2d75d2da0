"""Envelopes and acts: what opens is exactly what the demanded keys signed, under exactly that type."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.wire import canonical
from exchange.wire.envelope import PAYLOAD_BYTES_MAX, BadEnvelope, Envelope, Signature, pae, sign
from exchange.wire.keys import BadKey, PrivateKey, PublicKey
from exchange.wire.receipts import Receipt
from exchange.wire.refusals import Refusal

KIND = "application/vnd.dx.test+json"
ALICE, BOB = PrivateKey(b"\x01" * 32), PrivateKey(b"\x02" * 32)
RECEIPT = Receipt(
    ticket_id="tkt_1",
    ticket_digest="a" * 64,
    order_id="ord_1",
    domain="hosp1",
    output=None,
    refusal=Refusal.STALE,
    plan_digest=None,
    policy_digest="b" * 64,
    log_size=7,
    started_at_s=1,
    finished_at_s=2,
)


@given(st.binary(max_size=500))
def test_what_was_signed_is_what_is_read(payload: bytes) -> None:
    envelope = Envelope.parsed(sign(KIND, payload, ALICE).model_dump_json())

    assert envelope.opened(KIND, (ALICE.public,)) == payload


@given(payload=st.binary(max_size=200), other=st.binary(max_size=200))
def test_a_signature_does_not_move_to_another_payload(payload: bytes, other: bytes) -> None:
    moved = sign(KIND, payload, ALICE).model_copy(update={"payload": b64encode(other).decode()})

    if other != payload:
        with pytest.raises(BadEnvelope):
            moved.opened(KIND, (ALICE.public,))


def test_a_signature_does_not_move_to_another_type() -> None:
    moved = sign(KIND, b"x", ALICE).model_copy(update={"payloadType": KIND + "2"})

    with pytest.raises(BadEnvelope):
        moved.opened(KIND + "2", (ALICE.public,))
    with pytest.raises(BadEnvelope):
        sign(KIND, b"x", ALICE).opened(KIND + "2", (ALICE.public,))


@given(st.tuples(st.text(), st.binary()), st.tuples(st.text(), st.binary()))
def test_no_two_pairs_of_type_and_payload_sign_the_same_bytes(one: tuple[str, bytes], two: tuple[str, bytes]) -> None:
    assert (pae(*one) == pae(*two)) == (one == two)


def test_each_demanded_key_must_have_signed_and_no_demand_is_a_refusal() -> None:
    one = sign(KIND, b"x", ALICE)
    both = one.countersigned(BOB)

    assert both.opened(KIND, (ALICE.public, BOB.public)) == b"x"
    assert both.digest == one.digest
    for signers in [(ALICE.public, BOB.public), (BOB.public,), ()]:
        with pytest.raises(BadEnvelope):
            one.opened(KIND, signers)


def test_a_signature_under_anothers_name_is_not_his() -> None:
    mine = sign(KIND, b"x", ALICE)
    posing = mine.model_copy(update={"signatures": (Signature(keyid=BOB.public.kid, sig=mine.signatures[0].sig),)})

    with pytest.raises(BadEnvelope):
        posing.opened(KIND, (BOB.public,))


def test_a_payload_without_measure_is_not_signed() -> None:
    with pytest.raises(BadEnvelope):
        sign(KIND, b"x" * (PAYLOAD_BYTES_MAX + 1), ALICE)


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_nonsense_is_no_envelope_and_no_key(data: bytes | str) -> None:
    with pytest.raises(BadEnvelope):
        Envelope.parsed(data)
    text = data if isinstance(data, str) else b64encode(data).decode()
    with pytest.raises(BadKey):
        PublicKey.parsed(text)


def test_an_act_is_read_as_it_was_signed() -> None:
    assert Receipt.opened(RECEIPT.signed(ALICE), (ALICE.public,)) == RECEIPT


@pytest.mark.parametrize(
    "changed",
    [{"note": "42 rows"}, {"refusal": "TABLE_HAS_42_ROWS"}, {"refusal": None}, {"log_size": "7"}, {"log_size": True}],
    ids=str,
)
def test_an_act_with_one_word_too_many_or_unknown_is_none(changed: dict[str, object]) -> None:
    content = canonical.encode({**RECEIPT.model_dump(mode="json"), **changed})

    with pytest.raises(BadEnvelope):
        Receipt.opened(sign(Receipt.TYPE, content, ALICE), (ALICE.public,))


def test_an_act_in_a_second_spelling_is_none() -> None:
    spaced = canonical.encode(RECEIPT.model_dump(mode="json")).replace(b":", b": ", 1)

    with pytest.raises(BadEnvelope):
        Receipt.opened(sign(Receipt.TYPE, spaced, ALICE), (ALICE.public,))
