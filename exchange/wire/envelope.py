"""DSSE envelopes: how every act of weight is signed and kept. Pure; what was signed is what is read.

Source: the DSSE protocol, version 1. The algorithm follows from the key that the reader holds, never from the message.
"""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exchange.wire.keys import BadSignature, PrivateKey, PublicKey

PAYLOAD_BYTES_MAX = 24_576


class BadEnvelope(ValueError):
    """The envelope is malformed, of another type, or lacks a valid signature of a key that must have signed."""


class Signature(BaseModel):
    """One signature over the pre-authentication encoding; `keyid` is a hint, the reader chooses the key."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    keyid: str = Field(pattern=r"^[0-9a-f]{16}$")
    sig: str = Field(pattern=r"^[A-Za-z0-9+/]{1,510}={0,2}$")


class Envelope(BaseModel):
    """A payload, its type, and who signed it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    payload: str = Field(max_length=4 * PAYLOAD_BYTES_MAX // 3 + 4)
    payloadType: str = Field(max_length=128)
    signatures: tuple[Signature, ...] = Field(max_length=4)

    @property
    def content(self) -> bytes:
        return _unbased(self.payload)

    @property
    def digest(self) -> str:
        """SHA-256 of the payload, hex: the name of the act, whoever countersigns it later."""
        return hashlib.sha256(self.content).hexdigest()

    def opened(self, payload_type: str, signers: Iterable[PublicKey]) -> bytes:
        """The payload, once every one of `signers` is shown to have signed it; no signers named is a refusal."""
        required = tuple(signers)
        if self.payloadType != payload_type or not required:
            raise BadEnvelope("another payload type" if required else "no signer was demanded")
        content = self.content
        message = pae(payload_type, content)
        by_kid: Mapping[str, str] = {one.keyid: one.sig for one in self.signatures}
        for key in required:
            try:
                key.verify(_unbased(by_kid[key.kid]), message)
            except (KeyError, BadSignature):
                raise BadEnvelope("a required signature is missing or wrong") from None
        return content

    def countersigned(self, key: PrivateKey) -> "Envelope":
        """The same payload with one signature more."""
        return Envelope(
            payload=self.payload,
            payloadType=self.payloadType,
            signatures=(*self.signatures, _signature(self.payloadType, self.content, key)),
        )

    @classmethod
    def parsed(cls, text: str | bytes) -> "Envelope":
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            raise BadEnvelope("not an envelope") from None


def sign(payload_type: str, payload: bytes, key: PrivateKey) -> Envelope:
    """A new envelope with one signature."""
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise BadEnvelope("payload too large")
    return Envelope(
        payload=b64encode(payload).decode(),
        payloadType=payload_type,
        signatures=(_signature(payload_type, payload, key),),
    )


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE pre-authentication encoding: type and payload, each behind its length."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _signature(payload_type: str, payload: bytes, key: PrivateKey) -> Signature:
    return Signature(keyid=key.public.kid, sig=b64encode(key.sign(pae(payload_type, payload))).decode())


def _unbased(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (BadBase64, ValueError):
        raise BadEnvelope("not base64") from None
