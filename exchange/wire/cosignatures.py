"""Cosignatures as C2SP writes them (tlog-cosignature, Ed25519, type 0x04): a witness saw this checkpoint, and when.

A cosignature says that its witness has seen no other history of this log. It says nothing of what the entries mean.
"""

from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from exchange.wire.notes import Checkpoint, NoteRefused, Vkey, open_vkey, read_checkpoint, signature_line

COSIGNATURE = 0x04
_STAMP_BYTES, _SIGNATURE_BYTES = 8, 64


class WitnessKey:
    """A witness's private key. One witness has it: what it signs does not contain the witness's name."""

    def __init__(self, name: str, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        made = Vkey(name, COSIGNATURE, self._key.public_key().public_bytes_raw())
        self._vkey = open_witness_vkey(str(made))  # A name that cannot stand in a note is refused here.

    @property
    def vkey(self) -> str:
        return str(self._vkey)

    def cosign(self, checkpoint: Checkpoint, now_s: int) -> str:
        """The line to append to the note. Signs whatever it is given: asking is the witness's business."""
        if now_s <= 0:
            raise ValueError("a cosignature has a time")
        signature = self._key.sign(_message(checkpoint, now_s))
        return signature_line(self._vkey, now_s.to_bytes(_STAMP_BYTES, "big") + signature)


def open_witness_vkey(text: str) -> Vkey:
    """A witness's verifier key from its text form."""
    return open_vkey(text, {COSIGNATURE: 32})


def cosigners(note: str, vkeys: Sequence[str]) -> dict[str, int]:
    """Which of these witnesses cosigned the note, and at which second. Lines of other keys are ignored.

    A line under a known key that does not verify makes the note a forgery, as it would be for a signature of the log.
    """
    checkpoint, lines = read_checkpoint(note)
    known = {text: open_witness_vkey(text) for text in vkeys}
    if len({vkey.public for vkey in known.values()}) != len(vkeys):
        raise NoteRefused("a witness is named twice")  # Else one witness would count as two.
    found: dict[str, int] = {}
    for text, vkey in known.items():
        for name, key_id, signature in lines:
            if (name, key_id) == (vkey.name, vkey.key_id):
                found[text] = max(found.get(text, 0), _verified(vkey, signature, checkpoint))
    return found


def _verified(vkey: Vkey, signature: bytes, checkpoint: Checkpoint) -> int:
    if len(signature) != _STAMP_BYTES + _SIGNATURE_BYTES:
        raise NoteRefused("a cosignature has the wrong length")
    now_s = int.from_bytes(signature[:_STAMP_BYTES], "big")
    try:
        Ed25519PublicKey.from_public_bytes(vkey.public).verify(signature[_STAMP_BYTES:], _message(checkpoint, now_s))
    except InvalidSignature:
        raise NoteRefused("a cosignature does not verify") from None
    return now_s


def _message(checkpoint: Checkpoint, now_s: int) -> bytes:
    return f"cosignature/v1\ntime {now_s}\n{checkpoint.text}".encode()
