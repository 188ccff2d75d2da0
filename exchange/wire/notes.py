"""Signed notes and checkpoints as C2SP writes them (signed-note, tlog-checkpoint, tlog-cosignature).

The log signs each checkpoint twice, with Ed25519 (type 0x01) and ML-DSA-44 (type 0x06). A reader names the keys it
demands, and every one of them must have signed: a stripped signature is a failure, never a fallback. Which algorithm
verifies a signature is decided by the reader's key, never by the note.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

ED25519 = 0x01
ML_DSA_44 = 0x06
NOTE_CHARS_MAX = 128 * 1024
SIGNATURES_MAX = 64

_KEY_BYTES = {ED25519: 32, ML_DSA_44: 1312}
_SIGNATURE_BYTES = {ED25519: 64, ML_DSA_44: 8 + 2420}
_NAME = re.compile(r"[!-*,-~]{1,255}", re.ASCII)  # No spaces, no plus, nothing unprintable.
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class NoteRefused(ValueError):
    """The note is not what it must be. The message says the rule, never the content."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the log says of itself: its name, how many entries it has, and the hash over all of them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Vkey:
    """A verifier key: whose, of which algorithm, and the public key itself."""

    name: str
    algorithm: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        return key_id_of(self.name, bytes([self.algorithm]) + self.public)

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes([self.algorithm]) + self.public).decode()}"


class Beside(Protocol):
    """What signs beside the log's own two keys: the keys of an overlap, or a scheme that somebody asks for."""

    def lines(self, checkpoint: Checkpoint, now_us: int) -> str: ...


class LogSigner:
    """The log's two private keys. Signs whatever it is given: asking it is the guard's business."""

    def __init__(self, origin: str, ed25519_seed: bytes, mldsa_seed: bytes, beside: Sequence[Beside] = ()) -> None:
        if not _NAME.fullmatch(origin):
            raise ValueError("an origin has no spaces and no plus")
        self.origin, self._beside = origin, beside
        self._ed25519 = Ed25519PrivateKey.from_private_bytes(ed25519_seed)
        self._mldsa = MLDSA44PrivateKey.from_seed_bytes(mldsa_seed)
        self._vkeys = (
            Vkey(origin, ED25519, self._ed25519.public_key().public_bytes_raw()),
            Vkey(origin, ML_DSA_44, self._mldsa.public_key().public_bytes_raw()),
        )

    def vkeys(self) -> list[str]:
        return [str(vkey) for vkey in self._vkeys]

    def sign(self, checkpoint: Checkpoint, now_us: int) -> str:
        """The signed note; the time (microseconds, noted in whole seconds) is bound by the ML-DSA signature."""
        if checkpoint.origin != self.origin:
            raise ValueError("the checkpoint is of another log")
        beside = "".join(one.lines(checkpoint, now_us) for one in self._beside)
        return checkpoint.text + "\n" + self.lines(checkpoint, now_us) + beside

    def lines(self, checkpoint: Checkpoint, now_us: int) -> str:
        stamp = (now_us // 1_000_000).to_bytes(8, "big")
        classic = self._ed25519.sign(checkpoint.text.encode())
        quantum_safe = stamp + self._mldsa.sign(_cosigned(self.origin, stamp, checkpoint))
        signed = zip(self._vkeys, (classic, quantum_safe), strict=True)
        return "".join(signature_line(vkey, signature) for vkey, signature in signed)


def open_vkey(text: str, key_bytes: Mapping[int, int] = _KEY_BYTES) -> Vkey:
    """A verifier key from its text form; the id in it must be the key's own. `key_bytes` are the types allowed."""
    name, _, rest = text.partition("+")
    _, _, encoded = rest.partition("+")
    data = decoded(encoded)
    if not _NAME.fullmatch(name) or len(data) < 2 or len(data) - 1 != key_bytes.get(data[0]):
        raise NoteRefused("not a verifier key of a known type")
    vkey = Vkey(name, data[0], data[1:])
    if str(vkey) != text:
        raise NoteRefused("the verifier key's id is not its own")
    return vkey


class Demanding(Protocol):
    """A reader whose keys changed while the log grew."""

    def demanded(self, note: str, checkpoint: Checkpoint) -> Sequence[str]:
        """The keys that must have signed this checkpoint. Raises `NoteRefused` where none can be believed."""


Keys = Sequence[str] | Demanding


def demanded(note: str, checkpoint: Checkpoint, keys: Keys) -> Sequence[str]:
    """The keys that must have signed: those given, or those of their time; of each algorithm one, or nothing holds."""
    vkeys = keys if isinstance(keys, Sequence) else keys.demanded(note, checkpoint)
    if not are_both(vkeys):
        raise NoteRefused("the demanded keys are not of both algorithms")
    return vkeys


def are_both(vkeys: Iterable[str]) -> bool:
    """Whether there is a key of each algorithm: with one alone, breaking that one would be enough."""
    return {open_vkey(vkey).algorithm for vkey in vkeys} == {ED25519, ML_DSA_44}


def open_checkpoint(note: str, keys: Keys) -> Checkpoint:
    """The checkpoint of a note that each of these keys signed. Signatures of other keys are ignored."""
    checkpoint, signatures = read_checkpoint(note)
    vkeys = demanded(note, checkpoint, keys)
    for vkey in map(open_vkey, vkeys):
        if vkey.name != checkpoint.origin:
            raise NoteRefused("a demanded key is of another log")
        mine = [signature for name, key_id, signature in signatures if (name, key_id) == (vkey.name, vkey.key_id)]
        if not mine:
            raise NoteRefused("a demanded signature is missing")
        for signature in mine:
            _verify(vkey, signature, checkpoint)
    return checkpoint


def read_checkpoint(note: str) -> tuple[Checkpoint, list[tuple[str, bytes, bytes]]]:
    """The parts of a note, nothing verified: the checkpoint and (key name, key id, signature) of each line."""
    if len(note) > NOTE_CHARS_MAX or not note.endswith("\n"):
        raise NoteRefused("not a note")
    text, blank, signed = note[:-1].rpartition("\n\n")
    lines = signed.split("\n")
    if not blank or len(lines) > SIGNATURES_MAX:
        raise NoteRefused("not a note")
    return _read_text(text), [_read_line(line) for line in lines]


def _read_text(text: str) -> Checkpoint:
    # Extension lines are refused: the ML-DSA signature does not cover them.
    match text.split("\n"):
        case [origin, size, encoded] if _NAME.fullmatch(origin) and _SIZE.fullmatch(size):
            root = decoded(encoded)
            if len(root) == 32:
                return Checkpoint(origin, int(size), root)
    raise NoteRefused("not a checkpoint")


def _read_line(line: str) -> tuple[str, bytes, bytes]:
    match line.split(" "):
        case ["—", name, encoded] if _NAME.fullmatch(name):
            data = decoded(encoded)
            if len(data) > 4:
                return name, data[:4], data[4:]
    raise NoteRefused("not a signature line")


def key_id_of(name: str, typed_key: bytes) -> bytes:
    """By which a line below a note names its key (signed-note): of the name, the type and the key."""
    return sha256(name.encode() + b"\n" + typed_key).digest()[:4]


def signature_line(vkey: Vkey, signature: bytes) -> str:
    """A line below a note: the key's name, its id and the signature."""
    return f"— {vkey.name} {b64encode(vkey.key_id + signature).decode()}\n"


def _verify(vkey: Vkey, signature: bytes, checkpoint: Checkpoint) -> None:
    verify: Callable[[bytes, bytes], None]
    if len(signature) != _SIGNATURE_BYTES[vkey.algorithm]:
        raise NoteRefused("a signature has the wrong length")
    if vkey.algorithm == ED25519:
        verify, message = Ed25519PublicKey.from_public_bytes(vkey.public).verify, checkpoint.text.encode()
    else:
        stamp, signature = signature[:8], signature[8:]
        verify = MLDSA44PublicKey.from_public_bytes(vkey.public).verify
        message = _cosigned(vkey.name, stamp, checkpoint)
    try:
        verify(signature, message)
    except InvalidSignature:
        raise NoteRefused("a signature does not verify") from None


def _cosigned(name: str, stamp: bytes, checkpoint: Checkpoint) -> bytes:
    """tlog-cosignature's `cosigned_message` over a whole tree: [0, size)."""
    who, log = name.encode(), checkpoint.origin.encode()
    head = b"subtree/v1\n\x00" + bytes([len(who)]) + who + stamp + bytes([len(log)]) + log
    return head + bytes(8) + checkpoint.size.to_bytes(8, "big") + checkpoint.root


def decoded(text: str) -> bytes:
    """Bytes of base64 in its one spelling."""
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise NoteRefused("not base64") from None
    if b64encode(data).decode() != text:  # Stray bits in the last character would be a second spelling.
        raise NoteRefused("not base64")
    return data
