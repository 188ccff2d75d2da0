"""An entry has one byte form, and a salted commitment anyone can recompute."""

from base64 import b64encode
from hashlib import sha256

import pytest
from pydantic import ValidationError

from exchange.wire import canonical
from exchange.wire.entries import SECTION_TYPE, BadEntry, Commit, Entry, commitment
from exchange.wire.envelope import pae

ENTRY = Entry(
    actor="org_a",
    at=1_767_225_600_123_456,
    commit=(Commit(tag=commitment(bytes(32), SECTION_TYPE, b"{}"), what="payload"),),
    id="evt_1",
    refs=("evt_0",),
    rule="2026.1",
    subject="ord_1",
    type="order.placed",
    version=1,
)


def test_an_entry_survives_the_round_trip_byte_for_byte():
    assert Entry.opened(ENTRY.encode()) == ENTRY
    assert Entry.opened(ENTRY.encode()).encode() == ENTRY.encode()


def test_the_commitment_is_what_any_sha256_tool_computes():
    pre = b"commit/1\x00" + bytes(32) + b"DSSEv1 31 application/vnd.dx.section+json 2 {}"
    assert len(SECTION_TYPE) == 31
    assert pae(SECTION_TYPE, b"{}") == pre[41:]
    assert commitment(bytes(32), SECTION_TYPE, b"{}") == b64encode(sha256(pre).digest()).decode()
    with pytest.raises(ValueError, match="32 bytes"):
        commitment(bytes(31), SECTION_TYPE, b"{}")


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "张三"},
        {"actor": "org"},
        {"actor": "org_a\n"},
        {"id": "evt_" + "x" * 81},
        {"refs": ["evt_0", "evt_0"]},
        {"refs": ["evt_1"]},
        {"at": "1"},
        {"at": -1},
        {"at": True},
        {"version": 0},
        {"v": 2},
        {"type": "made"},
        {"type": "order.Placed"},
        {"rule": "two words"},
        {"commit": [{"alg": "md5", "tag": "x", "what": "payload"}]},
        {"commit": [{"alg": "sha256-salted/1", "tag": "A" * 44, "what": "payload"}]},
        {"note": "free text"},
    ],
)
def test_an_entry_with_any_field_out_of_form_is_refused(change):
    data = canonical.encode({**canonical.decode(ENTRY.encode()), **change})
    with pytest.raises(BadEntry):
        Entry.opened(data)


def test_an_entry_that_leaves_out_a_field_or_is_not_canonical_is_refused():
    whole = canonical.decode(ENTRY.encode())
    for name in whole:
        with pytest.raises(BadEntry):
            Entry.opened(canonical.encode({key: value for key, value in whole.items() if key != name}))
    with pytest.raises(BadEntry):
        Entry.opened(ENTRY.encode().replace(b",", b", "))
    with pytest.raises(BadEntry):
        Entry.opened(b"[]")


def test_an_entry_too_large_for_the_log_is_refused_both_ways():
    refs = tuple(f"evt_{i}" + "x" * 70 for i in range(32))
    commits = tuple(Commit(tag="A" * 43 + "=", what="w" * 38 + f"{i:02d}") for i in range(16))
    assert len(ENTRY.model_copy(update={"refs": refs, "commit": commits}).encode()) < 8192
    with pytest.raises(BadEntry):
        ENTRY.model_copy(update={"refs": refs * 4}).encode()
    with pytest.raises(BadEntry):
        Entry.opened(b" " * 8193)


def test_an_entry_cannot_be_changed_and_takes_no_unknown_field():
    with pytest.raises(ValidationError):
        ENTRY.version = 2
    with pytest.raises(ValidationError):
        Entry(**{**ENTRY.model_dump(), "extra": 1})
