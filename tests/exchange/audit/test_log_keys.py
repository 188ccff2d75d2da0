"""The runbook of the log's keys, step by step with its commands: rotation with an overlap, retirement, a theft."""

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from exchange.app import create_app
from exchange.client.key_changes import FILE
from exchange.client.verify import VerificationRefused, verify_log
from exchange.wire.envelope import Envelope
from exchange.wire.keys import PublicKey
from exchange.wire.log_keys import LogKeys
from exchange.wire.notes import NoteRefused, open_checkpoint, open_vkey, read_checkpoint
from exchange.wire.witnessing import only_of
from tests.exchange.audit.operating import Operator


def test_through_an_overlap_old_and_new_readers_go_on_and_after_it_the_rooted_ones(
    operator: Operator, tmp_path: Path
) -> None:
    kept = tmp_path / "remembered"
    kept.write_text(operator.note())

    following = operator.rotated()

    # The overlap: whoever knows only the old keys, whoever knows the root, whoever came now.
    assert operator.verified(operator.first, "--old-checkpoint", str(kept), rooted=False) == ""
    assert operator.verified(operator.first, "--old-checkpoint", str(kept)) == ""
    assert operator.verified(following) == ""
    # The end of it: the old pair signs what says so, and is destroyed.
    operator.log("retire", operator.change("RETIRED", list(operator.first), operator.grows() + 1))
    operator.signs()
    operator.log("promote")
    last = operator.grows()
    assert operator.house().log_vkeys == following
    assert {open_vkey(vkey).key_id for vkey in following} == {one[1] for one in read_checkpoint(operator.note())[1]}
    assert operator.verified(operator.first, "--old-checkpoint", str(kept)) == ""
    assert operator.verified(following) == ""
    assert operator.verified(operator.first, rooted=False) == "E_LOG: 2 signature: a demanded signature is missing"
    # Served with sizes, and with the entries that say so.
    shown = TestClient(create_app(operator.house())).get("/v1/ledger/keys").json()
    spans = {(one["vkey"], one["from_size"], one["to_size"]) for one in shown["keys"]}
    assert {end for vkey, _, end in spans if vkey in operator.first} < set(range(last))
    assert len(shown["changes"]) == 2


def test_a_stolen_pair_is_believed_up_to_a_size_and_no_further(operator: Operator, tmp_path: Path) -> None:
    trusted = operator.grows()
    good = operator.note()
    between = operator.grows()  # Signed by the stolen pair alone, after the size it is believed up to.
    stolen = operator.note()
    following = operator.rotated()
    tree = read_checkpoint(good)[0].root.hex()
    file = operator.change("COMPROMISED", list(operator.first), trusted, "--tree", tree)
    operator.log("compromise", file)
    operator.signs()
    operator.log("promote")
    operator.grows()

    # The log goes on for whoever knows the root; what lies between is a prefix, and counts for nothing by itself.
    assert operator.verified(operator.first) == ""
    assert operator.verified(following) == ""
    shown = json.loads((operator.exported() / "key-changes.json").read_text())
    changes = [Envelope.parsed(path.read_text()) for path in sorted(tmp_path.glob("change-*"))]
    assert len(shown) == len(changes) == 2
    known = LogKeys.pinned(operator.first).told(changes, PublicKey.parsed(operator.root_key))
    assert open_checkpoint(good, known).size == trusted
    with pytest.raises(NoteRefused, match="not of both algorithms"):
        open_checkpoint(stolen, known)
    assert known.is_void(between)


def test_changes_that_are_not_shown_are_missed_by_whoever_knows_the_root(operator: Operator) -> None:
    operator.rotated()
    operator.log("freeze", "--reason", "YEAR_END")
    assert operator.verified(operator.first) == ""  # That it was frozen is no change of its keys.
    (operator.exported() / FILE).unlink()
    with pytest.raises(VerificationRefused, match=r"1 keys: .* not those in the log"):
        verify_log(operator.folder / "export", operator.first, root=operator.root_key)


def test_below_that_size_only_a_quorum_makes_a_stolen_signature_count(operator: Operator, tmp_path: Path) -> None:
    early = operator.note()
    trusted = operator.grows()
    tree = read_checkpoint(operator.note())[0].root.hex()
    change = Envelope.parsed(
        Path(operator.change("COMPROMISED", list(operator.first), trusted, "--tree", tree)).read_text()
    )
    root = PublicKey.parsed(operator.root_key)

    with pytest.raises(NoteRefused, match="no quorum stands behind"):
        open_checkpoint(early, LogKeys.pinned(operator.first).told([change], root))
    assert open_checkpoint(early, LogKeys.pinned(operator.first, lambda _: True).told([change], root)).size < trusted


def test_a_change_the_log_does_not_bear_out_is_not_recorded(operator: Operator, tmp_path: Path) -> None:
    following = operator.log("next").split()
    size = int(str(operator.status()["signed_size"]))
    early = operator.change("ADDED", following, size)
    stranger = tmp_path / "stranger"
    operator.log("root", str(stranger))
    pinned, operator.offline = operator.offline, stranger
    forged = operator.change("ADDED", following, size)
    operator.offline = pinned
    alone = operator.change("RETIRED", list(operator.first), size)
    beyond = operator.change("COMPROMISED", list(operator.first), size + 9, "--tree", "0" * 64)
    twice = tmp_path / "twice"
    twice.write_text(Path(early).read_text().replace("payload", "paylaod"))

    for verb, file in (
        ("rotate", forged),
        ("retire", alone),
        ("compromise", beyond),
        ("rotate", str(twice)),
        ("retire", early),
    ):
        refused = operator.tried(verb, file)
        assert (refused.exit_code, refused.stderr.split(":")[0]) == (1, "E_LOG_KEYS"), verb
    early = operator.change("ADDED", following, size)
    assert operator.tried("rotate", early).exit_code == 1  # Not yet signed by the new pair.
    assert int(str(operator.status()["next_number"])) == 1


def test_a_witness_s_record_holds_only_what_was_demanded(operator: Operator) -> None:
    operator.rotated()
    note = operator.note()
    known = LogKeys.pinned(operator.first)
    assert len(read_checkpoint(note)[1]) == 4
    assert len(read_checkpoint(only_of(note, known))[1]) == 2
