"""The keys of parties: Ed25519 for acts, ML-KEM-768 with X25519 for sealed results. Pure: never reads or writes a file.

A public key is carried as the base64 of its SPKI (RFC 8410); its `kid` is the first 16 hex digits of its SHA-256.
"""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key


class BadKey(ValueError):
    """The text is not a public key of the kind asked for."""


class BadSignature(ValueError):
    """The key did not sign these bytes."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 public key, known by its SPKI."""

    spki: bytes

    @property
    def kid(self) -> str:
        return hashlib.sha256(self.spki).hexdigest()[:16]

    @property
    def text(self) -> str:
        return b64encode(self.spki).decode()

    def verify(self, signature: bytes, message: bytes) -> None:
        """Pass, or raise `BadSignature`."""
        try:
            _loaded(self.spki).verify(signature, message)
        except InvalidSignature:
            raise BadSignature("signature does not verify") from None

    @classmethod
    def parsed(cls, text: str) -> "PublicKey":
        """Read the base64 of an SPKI; anything but Ed25519 is refused."""
        try:
            spki = b64decode(text, validate=True)
        except (BadBase64, ValueError):
            raise BadKey("not base64") from None
        _loaded(spki)
        return cls(spki)


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """An Ed25519 private key, known by its 32-byte seed."""

    seed: bytes

    @classmethod
    def generated(cls) -> "PrivateKey":
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def public(self) -> PublicKey:
        return _public(self.seed)

    def sign(self, message: bytes) -> bytes:
        return self._key().sign(message)

    def _key(self) -> Ed25519PrivateKey:
        return _signing(self.seed)

    def __repr__(self) -> str:
        return "PrivateKey(…)"


# A process signs with a handful of keys, and to derive one costs more than to sign with it.
@lru_cache(maxsize=16)
def _signing(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)


@lru_cache(maxsize=16)
def _public(seed: bytes) -> PublicKey:
    return PublicKey(_signing(seed).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@lru_cache(maxsize=1_024)
def _loaded(spki: bytes) -> Ed25519PublicKey:
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        raise BadKey("not a public key") from None
    if not isinstance(key, Ed25519PublicKey):
        raise BadKey("not an Ed25519 key")
    return key
