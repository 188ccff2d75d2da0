"""Sealed results: they open for one key, one order and one ticket, unchanged; or not at all."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.wire import canonical
from exchange.wire.keys import BadKey
from exchange.wire.sealing import CONTENT_BYTES_MIN, NotOpened, OpeningKey, RecipientKey, content, seal

BUYER, OTHER = OpeningKey(b"\x01" * 96), OpeningKey(b"\x02" * 96)
TICKET = "a" * 64
SEALED = seal(b"the answer", BUYER.public, order_id="ord_1", ticket_digest=TICKET)


@given(st.binary(max_size=2000))
def test_the_buyer_reads_what_was_sealed(answer: bytes) -> None:
    sealed = seal(answer, RecipientKey.parsed(BUYER.public.text), order_id="ord_1", ticket_digest=TICKET)

    assert BUYER.open(sealed, order_id="ord_1", ticket_digest=TICKET) == answer


@pytest.mark.parametrize(
    ("key", "order_id", "ticket_digest"),
    [(OTHER, "ord_1", TICKET), (BUYER, "ord_2", TICKET), (BUYER, "ord_1", "b" * 64), (BUYER, f"ord_1\0{TICKET}", "")],
    ids=["another buyer", "another order", "another ticket", "fields run together"],
)
def test_a_result_does_not_open_elsewhere(key: OpeningKey, order_id: str, ticket_digest: str) -> None:
    with pytest.raises(NotOpened):
        key.open(SEALED, order_id=order_id, ticket_digest=ticket_digest)


@given(place=st.integers(0, len(SEALED) - 1), flip=st.integers(1, 255))
def test_a_changed_byte_anywhere_is_noticed(place: int, flip: int) -> None:
    changed = bytearray(SEALED)
    changed[place] ^= flip

    with pytest.raises(NotOpened):
        BUYER.open(bytes(changed), order_id="ord_1", ticket_digest=TICKET)


@given(st.integers(0, len(SEALED) - 1))
def test_a_result_cut_short_does_not_open(length: int) -> None:
    with pytest.raises(NotOpened):
        BUYER.open(SEALED[:length], order_id="ord_1", ticket_digest=TICKET)


def test_the_same_answer_is_never_sealed_twice_alike() -> None:
    assert seal(b"the answer", BUYER.public, order_id="ord_1", ticket_digest=TICKET) != SEALED


@given(st.text(max_size=100))
def test_nonsense_is_no_sealing_key(text: str) -> None:
    with pytest.raises(BadKey):
        RecipientKey.parsed(text)


def test_a_private_key_does_not_show_itself() -> None:
    assert repr(BUYER) == "OpeningKey(…)"


@given(st.text(max_size=9000), st.binary(min_size=32, max_size=32))
def test_the_length_of_what_is_sealed_is_a_class_of_lengths(answer: str, salt: bytes) -> None:
    answer = normalize("NFC", answer)  # As every answer is: it is canonical JSON.

    whole = content(answer.encode(), salt)

    assert len(whole) >= CONTENT_BYTES_MIN
    assert len(whole).bit_count() == 1
    assert canonical.decode(whole)["answer"] == answer


def test_answers_of_one_row_and_of_thirty_are_sealed_alike() -> None:
    few, many = (content(b"[1, 40]," * rows, bytes(32)) for rows in (1, 30))

    assert len(few) == len(many)
