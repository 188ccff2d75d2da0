"""The one byte form of a value that is signed, hashed or logged. Never repairs what it reads.

The rules are a subset of RFC 8785 in which a fast encoder and the standard agree: sorted ASCII keys, no whitespace,
integers within ±(2^53-1), no floats, strings in Unicode form NFC.
"""

from typing import Any
from unicodedata import is_normalized

import orjson

INTEGER_MAX = 2**53 - 1
DEPTH_MAX = 32


class NotCanonical(ValueError):
    """The value or the bytes have no canonical form. The message says the rule, never the content."""


def encode(value: Any) -> bytes:
    """The canonical bytes of plain JSON values: dict, list or tuple, str, int, bool, None."""
    _inspect(value, DEPTH_MAX)
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    except orjson.JSONEncodeError:
        raise NotCanonical("a string is not Unicode text") from None


def decode(data: bytes) -> Any:
    """The value of exactly canonical bytes; anything else is refused.

    Encoding again and comparing catches duplicate keys, whitespace, escapes and unsorted keys at one blow.
    """
    try:
        value = orjson.loads(data)
    except (orjson.JSONDecodeError, RecursionError):
        raise NotCanonical("not JSON") from None
    if encode(value) != data:
        raise NotCanonical("not the canonical form")
    return value


def _inspect(value: Any, depth: int) -> None:
    kind = type(value)
    if kind is str:
        if not value.isascii() and not is_normalized("NFC", value):
            raise NotCanonical("a string is not in form NFC")
    elif kind is int:
        if not -INTEGER_MAX <= value <= INTEGER_MAX:
            raise NotCanonical("an integer is beyond 2^53-1")
    elif kind is dict:
        _inspect_items(value, depth)
    elif kind is list or kind is tuple:
        if depth == 0:
            raise NotCanonical("nested too deeply")
        for item in value:
            _inspect(item, depth - 1)
    elif value is not None and kind is not bool:
        raise NotCanonical("a value is not of a plain JSON type, or is a float")


def _inspect_items(value: dict[Any, Any], depth: int) -> None:
    if depth == 0:
        raise NotCanonical("nested too deeply")
    for key, item in value.items():
        if type(key) is not str or not key.isascii():
            raise NotCanonical("a key is not an ASCII string")
        _inspect(item, depth - 1)
