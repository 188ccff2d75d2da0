"""SM2 with SM3 beside the log's signatures: by the standard's example, by the openssl command, and never alone."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes

from exchange.ledger.keeping import log_keys, sm2_key
from exchange.wire import sm2
from exchange.wire.notes import Checkpoint, NoteRefused, open_checkpoint, read_checkpoint

pytestmark = pytest.mark.skipif(not sm2.is_there(), reason="this system's libcrypto has no SM2")
ORIGIN = "exchange.example/test/2026"
CHECKPOINT = Checkpoint(ORIGIN, 5, bytes(range(32)))
# GB/T 32918.5-2017, annex A: the key, the message "message digest", the signer's id 1234567812345678.
POINT = bytes.fromhex(
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
R = "00f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
S = "00b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
SIGNATURE = bytes.fromhex(f"30460221{R}0221{S}")


def test_the_standard_s_example_verifies_and_no_other_message_does() -> None:
    assert sm2.verify(POINT, b"message digest", SIGNATURE)
    assert not sm2.verify(POINT, b"message digesT", SIGNATURE)
    assert not sm2.verify(POINT, b"message digest", SIGNATURE[:-1] + b"\0")
    assert not sm2.verify(b"\x04" + bytes(64), b"message digest", SIGNATURE)


def test_sm3_of_the_standard_s_example() -> None:
    digest = hashes.Hash(hashes.SM3())
    digest.update(b"abc")
    assert digest.finalize().hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_a_note_bears_it_beside_both_of_the_log_s_own(tmp_path: Path) -> None:
    signer = log_keys(tmp_path, ORIGIN, with_sm2=True)
    note, vkey = signer.sign(CHECKPOINT, 1_000_000), sm2_key(tmp_path, ORIGIN).vkey

    assert open_checkpoint(note, signer.vkeys()) == sm2.check(note, vkey) == CHECKPOINT
    assert len(read_checkpoint(note)[1]) == 3
    # Alone it is nothing: it is no key a reader of the log can demand instead of the others.
    with pytest.raises(NoteRefused):
        open_checkpoint(note, [vkey])
    stripped = log_keys(tmp_path, ORIGIN).sign(CHECKPOINT, 1_000_000)
    for refused, by in ((stripped, vkey), (note.replace("\n5\n", "\n6\n"), vkey), (note, vkey[:-4] + "AAAA")):
        with pytest.raises(NoteRefused):
            sm2.check(refused, by)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")
def test_the_openssl_command_agrees_in_both_directions(tmp_path: Path) -> None:
    (tmp_path / "key.der").write_bytes(sm2.Sm2Key.generated())
    key = sm2.Sm2Key(ORIGIN, (tmp_path / "key.der").read_bytes())
    (_, _, signature), *_ = read_checkpoint(f"{CHECKPOINT.text}\n{key.lines(CHECKPOINT, 0)}")[1]
    (tmp_path / "text").write_bytes(CHECKPOINT.text.encode())
    (tmp_path / "sig").write_bytes(signature)

    def openssl(*words: str) -> str:
        run = ["openssl", "pkeyutl", "-inkey", "key.der", "-keyform", "DER", "-rawin", "-digest", "sm3", *words]
        asked = [*run, "-in", "text", "-pkeyopt", "distid:1234567812345678"]
        return subprocess.run(asked, cwd=tmp_path, capture_output=True, check=True, text=True).stdout

    assert "Verified Successfully" in openssl("-verify", "-sigfile", "sig")
    openssl("-sign", "-out", "theirs")
    assert sm2.verify(sm2.opened_vkey(key.vkey)[1], CHECKPOINT.text.encode(), (tmp_path / "theirs").read_bytes())
