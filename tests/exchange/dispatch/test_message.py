"""The one message a job may carry, and what is not one."""

import contextlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.wire.queue import BadMessage, job_id, packed, unpacked


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=2_000))
def test_what_was_packed_is_unpacked(token: str) -> None:
    assert unpacked(zlib.compress(packed(token))) == token


@given(st.binary(max_size=2_000), st.booleans())
def test_other_bytes_are_refused_and_never_quoted(raw: bytes, compressed: bool) -> None:
    with pytest.raises(BadMessage) as refused:
        unpacked(zlib.compress(raw) if compressed else raw)
    assert str(refused.value) in ("the message cannot be read", "the message is not a ticket's")


@given(st.integers(0, 60), st.integers(0, 255))
def test_a_changed_byte_gives_the_token_or_a_refusal(position: int, value: int) -> None:
    raw = bytearray(zlib.compress(packed("a signed ticket, forty letters or so")))
    raw[position % len(raw)] = value
    with contextlib.suppress(BadMessage):
        assert unpacked(bytes(raw)) == "a signed ticket, forty letters or so"


def test_an_id_names_its_domain() -> None:
    assert job_id("hosp1", "tkt_01-a_B") == "hosp1-01-a_B"
