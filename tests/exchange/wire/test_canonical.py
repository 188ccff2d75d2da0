"""One byte form: equal to RFC 8785 where it answers, and it answers only where both agree."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from exchange.wire import canonical
from exchange.wire.canonical import INTEGER_MAX, NotCanonical

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner),
    max_leaves=12,
)


@given(_PLAIN)
def test_what_is_encoded_equals_rfc_8785_and_decodes_to_itself(value):
    try:
        data = canonical.encode(value)
    except NotCanonical:
        return  # A string that is not in form NFC.
    assert data == rfc8785.dumps(value)
    assert canonical.decode(data) == value


@pytest.mark.parametrize(
    "value",
    [1.0, -0.0, float("nan"), 2**53, -(2**53), {"é": 1}, {1: 2}, "e\u0301", "\ud800", b"x", {1}, object(), [[1.5]]],
)
def test_a_value_without_one_byte_form_is_refused(value):
    with pytest.raises(NotCanonical):
        canonical.encode(value)


def test_a_value_nested_too_deeply_is_refused_and_not_a_crash():
    value, data = [], b"[" * 100_000 + b"]" * 100_000
    for _ in range(1000):
        value = [value]
    with pytest.raises(NotCanonical):
        canonical.encode(value)
    with pytest.raises(NotCanonical):
        canonical.decode(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" 1",
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b"1.0",
        b"1e3",
        b"-0",
        b"NaN",
        b"9007199254740992",
        b"123456789012345678901234567890",
        b'"\xff"',
        b'"\\u0061"',
        b'"\\/"',
        b'"\\ud800"',
        b'"e\xcc\x81"',
        b"\xef\xbb\xbf1",
        b"{}{}",
        b'{"a":1}\n',
    ],
)
def test_bytes_in_any_other_form_are_refused(data):
    with pytest.raises(NotCanonical):
        canonical.decode(data)
