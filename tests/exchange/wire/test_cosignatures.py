"""Cosignatures and the policies that ask for them."""

from base64 import b64decode
from itertools import combinations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from exchange.wire.cosignatures import WitnessKey, cosigners, open_witness_vkey
from exchange.wire.log_policy import LogPolicy, PolicyFileRefused
from exchange.wire.notes import Checkpoint, LogSigner, NoteRefused, open_checkpoint, open_vkey

LOG = LogSigner("log.example/1", b"\x01" * 32, b"\x02" * 32)
CHECKPOINT = Checkpoint("log.example/1", 7, b"\x05" * 32)
NOTE = LOG.sign(CHECKPOINT, 1_700_000_000_000_000)
WITNESSES = [WitnessKey(f"witness.example/{n}", bytes([n]) * 32) for n in range(10, 16)]
VKEYS = [one.vkey for one in WITNESSES]


def cosigned(*witnesses: WitnessKey, note: str = NOTE) -> str:
    return note + "".join(one.cosign(CHECKPOINT, 1_700_000_001) for one in witnesses)


def test_a_cosignature_is_over_the_bytes_the_specification_names() -> None:
    line = WITNESSES[0].cosign(CHECKPOINT, 1_679_315_147)

    data = b64decode(line.rstrip("\n").split(" ")[2])
    vkey = open_witness_vkey(VKEYS[0])
    message = b"cosignature/v1\ntime 1679315147\nlog.example/1\n7\nBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=\n"
    Ed25519PublicKey.from_public_bytes(vkey.public).verify(data[12:], message)
    assert (data[:4], int.from_bytes(data[4:12], "big")) == (vkey.key_id, 1_679_315_147)


def test_a_note_tells_who_cosigned_it_and_is_still_the_logs_own() -> None:
    note = cosigned(*WITNESSES[:2])

    assert cosigners(note, VKEYS) == {VKEYS[0]: 1_700_000_001, VKEYS[1]: 1_700_000_001}
    assert open_checkpoint(note, LOG.vkeys()) == CHECKPOINT
    assert cosigners(NOTE, VKEYS) == {}


def test_a_cosignature_of_another_checkpoint_makes_the_note_a_forgery() -> None:
    other = Checkpoint("log.example/1", 8, b"\x05" * 32)
    note = NOTE + WITNESSES[0].cosign(other, 1_700_000_001)

    with pytest.raises(NoteRefused, match="does not verify"):
        cosigners(note, VKEYS)


def test_one_key_under_two_names_is_not_two_witnesses() -> None:
    twin = WitnessKey("witness.example/twin", b"\x0a" * 32)

    with pytest.raises(NoteRefused, match="named twice"):
        cosigners(cosigned(WITNESSES[0], twin), [VKEYS[0], twin.vkey])
    with pytest.raises(PolicyFileRefused, match="given twice"):
        LogPolicy.of(LOG.vkeys(), [VKEYS[0], twin.vkey], 2)


def test_a_witness_key_is_no_log_key_and_the_other_way_round() -> None:
    with pytest.raises(NoteRefused):
        open_vkey(VKEYS[0])
    with pytest.raises(NoteRefused):
        open_witness_vkey(LOG.vkeys()[0])
    with pytest.raises(NoteRefused):
        WitnessKey("a name", b"\x01" * 32)


@pytest.mark.parametrize("quorum", [0, 1, 2, 3])
def test_any_quorum_of_the_named_witnesses_is_enough_and_one_fewer_is_not(quorum: int) -> None:
    policy = LogPolicy.of(LOG.vkeys(), VKEYS[:3], quorum)

    for count in range(4):
        for group in combinations(WITNESSES[:3], count):
            assert policy.met_by(cosigned(*group)) is (count >= quorum)
    assert policy.met_by(cosigned(*WITNESSES[3:])) is (quorum == 0)
    assert LogPolicy.parse(policy.text) == policy


def test_groups_of_groups_count_as_the_file_says() -> None:
    lines = [f"witness {name} {vkey}" for name, vkey in zip("abcdef", VKEYS, strict=True)]
    lines += ["group X 2 a b c", "group Y any d e", "# both sides", "", "group Z all X Y", "quorum Z"]
    policy = LogPolicy.parse("\n".join([f"log {LOG.vkeys()[0]} https://log.example", *lines, ""]))

    one, two, three, four, _, six = WITNESSES
    assert policy.met_by(cosigned(one, three, four))
    assert not policy.met_by(cosigned(one, two, three))
    assert not policy.met_by(cosigned(one, four, six))


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["quorum none", "quorum none"],
        ["quorum a"],
        ["witness none " + VKEYS[0], "quorum none"],
        ["witness a " + VKEYS[0], "witness a " + VKEYS[1], "quorum a"],
        ["witness a " + LOG.vkeys()[0], "quorum a"],
        ["log " + VKEYS[0], "quorum none"],
        ["witness a " + VKEYS[0], "group g 2 a", "quorum g"],
        ["witness a " + VKEYS[0], "group g 0 a", "quorum g"],
        ["witness a " + VKEYS[0], "group g 1 a a", "quorum g"],
        ["witness a " + VKEYS[0], "group g any a", "group h any a", "quorum g"],
        ["group g any", "quorum g"],
        ["hello", "quorum none"],
        ["quorum none\u00a0"],
    ],
)
def test_a_file_that_breaks_a_rule_is_no_policy(lines: list[str]) -> None:
    with pytest.raises(PolicyFileRefused):
        LogPolicy.parse("\n".join([*lines, ""]))
