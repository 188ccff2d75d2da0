"""What the exchange hands to a domain's queue: a logged ticket, its licence, and the proof that it is in the log."""

from base64 import b64decode, b64encode
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exchange.wire import canonical
from exchange.wire.entries import SECTION_TYPE, Entry, commitment
from exchange.wire.envelope import Envelope
from exchange.wire.refusals import Refusal, Refused

Base64 = Annotated[str, Field(max_length=32_768)]


class Delivery(BaseModel):
    """Everything a domain needs to decide by itself. `entry` is the leaf, `content` what the leaf commits to."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    entry: Base64
    content: Base64
    salt: Base64
    proof: Annotated[str, Field(max_length=16_384)]
    licence: Envelope
    template: Envelope | None = None
    addendum: Envelope | None = None

    @classmethod
    def packed(
        cls,
        *,
        entry: bytes,
        content: bytes,
        salt: bytes,
        proof: str,
        licence: Envelope,
        template: Envelope | None = None,
        addendum: Envelope | None = None,
    ) -> "Delivery":
        based = {"entry": b64encode(entry), "content": b64encode(content), "salt": b64encode(salt)}
        text = {name: value.decode() for name, value in based.items()}
        return cls(**text, proof=proof, licence=licence, template=template, addendum=addendum)

    @classmethod
    def parsed(cls, token: str) -> "Delivery":
        try:
            return cls.model_validate_json(token)
        except ValidationError:
            raise Refused(Refusal.BAD_TICKET) from None

    @property
    def leaf(self) -> bytes:
        return b64decode(self.entry)

    def ticket(self) -> Envelope:
        """The ticket the leaf commits to. Raises `Refused` when the leaf commits to something else."""
        try:
            entry, content = Entry.opened(self.leaf), b64decode(self.content, validate=True)
            tag = commitment(b64decode(self.salt, validate=True), SECTION_TYPE, content)
            fields = canonical.decode(content)
            envelope = Envelope.model_validate(fields["ticket"])
        except (ValueError, KeyError, TypeError):
            raise Refused(Refusal.BAD_TICKET) from None
        if entry.type != "ticket.issued" or tag not in {one.tag for one in entry.commit if one.what == "content"}:
            raise Refused(Refusal.NOT_LOGGED)
        return envelope
