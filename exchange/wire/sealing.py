"""Sealed results: HPKE (RFC 9180) with the hybrid KEM MLKEM768_X25519, opened by the buyer at home and by nobody else.

Everything the ciphertext belongs to stands in `info`: order, ticket, recipient. A result moved elsewhere does not open.
"""

import hashlib
import secrets
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey, Suite

from exchange.wire import canonical
from exchange.wire.keys import BadKey

_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
# Sealed contents are 4 KiB, 8 KiB, 16 KiB … long: all that a length tells of an answer is the power of two above it.
CONTENT_BYTES_MIN = 4_096
_MLKEM_PUBLIC_BYTES, _MLKEM_SEED_BYTES, _X25519_BYTES = 1184, 64, 32


class NotOpened(ValueError):
    """The ciphertext was not sealed to this key for this order and ticket, or was changed."""


@dataclass(frozen=True, slots=True)
class RecipientKey:
    """A buyer's public sealing key: ML-KEM-768 then X25519, 1,216 bytes, carried as base64."""

    raw: bytes

    @property
    def kid(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()[:16]

    @property
    def text(self) -> str:
        return b64encode(self.raw).decode()

    @classmethod
    def parsed(cls, text: str) -> "RecipientKey":
        try:
            key = cls(b64decode(text, validate=True))
            key.hpke()
        except (BadBase64, ValueError):
            raise BadKey("not a sealing key") from None
        return key

    def hpke(self) -> MLKEM768X25519PublicKey:
        if len(self.raw) != _MLKEM_PUBLIC_BYTES + _X25519_BYTES:
            raise ValueError("wrong length")
        mlkem = MLKEM768PublicKey.from_public_bytes(self.raw[:_MLKEM_PUBLIC_BYTES])
        return MLKEM768X25519PublicKey(mlkem, X25519PublicKey.from_public_bytes(self.raw[_MLKEM_PUBLIC_BYTES:]))


@dataclass(frozen=True, slots=True)
class OpeningKey:
    """A buyer's private sealing key: a 64-byte ML-KEM seed and a 32-byte X25519 seed."""

    seed: bytes

    @classmethod
    def generated(cls) -> "OpeningKey":
        return cls(secrets.token_bytes(_MLKEM_SEED_BYTES + _X25519_BYTES))

    @property
    def public(self) -> RecipientKey:
        mlkem, x25519 = self._parts()
        return RecipientKey(mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw())

    def open(self, ciphertext: bytes, *, order_id: str, ticket_digest: str) -> bytes:
        """The answer. Raises `NotOpened`."""
        info = _info(order_id, ticket_digest, self.public.kid)
        try:
            return _SUITE.decrypt(ciphertext, MLKEM768X25519PrivateKey(*self._parts()), info=info)
        except (InvalidTag, ValueError):
            raise NotOpened("does not open with this key for this order") from None

    def _parts(self) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
        mlkem = MLKEM768PrivateKey.from_seed_bytes(self.seed[:_MLKEM_SEED_BYTES])
        return mlkem, X25519PrivateKey.from_private_bytes(self.seed[_MLKEM_SEED_BYTES:])

    def __repr__(self) -> str:
        return "OpeningKey(…)"


def content(answer: bytes, salt: bytes) -> bytes:
    """What is sealed: an answer's exact bytes, the salt of the commitment to them, and padding to a class of sizes."""
    parts = {"answer": answer.decode(), "padding": "", "salt": b64encode(salt).decode()}
    bare = len(canonical.encode(parts))
    size = max(CONTENT_BYTES_MIN, 1 << (bare - 1).bit_length())
    return canonical.encode({**parts, "padding": "0" * (size - bare)})


def seal(answer: bytes, recipient: RecipientKey, *, order_id: str, ticket_digest: str) -> bytes:
    """Encrypt an answer to the buyer, bound to order, ticket and recipient."""
    return _SUITE.encrypt(answer, recipient.hpke(), info=_info(order_id, ticket_digest, recipient.kid))


def _info(order_id: str, ticket_digest: str, kid: str) -> bytes:
    return b"\x00".join((b"dx-result/1", order_id.encode(), ticket_digest.encode(), kid.encode()))
