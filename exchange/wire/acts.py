"""What the signed acts share: an act is a frozen model, written canonically and carried in a DSSE envelope.

Never holds a default that changes meaning: a reader sees every field that was signed.
"""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exchange.wire import canonical
from exchange.wire.envelope import BadEnvelope, Envelope, sign
from exchange.wire.keys import PrivateKey, PublicKey

Id = Annotated[str, Field(pattern=r"^[a-z]{2,8}_[A-Za-z0-9_-]{1,80}$")]
Domain = Annotated[str, Field(pattern=r"^[a-z0-9]{3,24}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Seconds = Annotated[int, Field(ge=0, le=2**40)]
Fen = Annotated[int, Field(ge=0, le=10**15)]


class Act(BaseModel):
    """Something a party signs. `TYPE` is the DSSE payload type; it separates one act from another."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    TYPE: ClassVar[str]

    def signed(self, key: PrivateKey) -> Envelope:
        return sign(self.TYPE, canonical.encode(self.model_dump(mode="json")), key)

    @classmethod
    def opened(cls, envelope: Envelope, signers: Iterable[PublicKey]) -> Self:
        """The act, once all `signers` are shown to have signed it. Raises `BadEnvelope`."""
        return cls._read(envelope.opened(cls.TYPE, signers))

    @classmethod
    def peeked(cls, envelope: Envelope) -> Self:
        """The act as claimed, to learn whose key to ask for. Trust nothing in it."""
        if envelope.payloadType != cls.TYPE:
            raise BadEnvelope("another payload type")
        return cls._read(envelope.content)

    @classmethod
    def _read(cls, content: bytes) -> Self:
        try:
            canonical.decode(content)
            # Strictly, down to the last field: "7" and true are not 7, or one act would have several spellings.
            return cls.model_validate_json(content, strict=True)
        except (canonical.NotCanonical, ValidationError):
            raise BadEnvelope("payload is not what its type says") from None
