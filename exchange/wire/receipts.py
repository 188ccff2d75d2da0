"""Receipts: what a domain says came of a ticket, signed by the domain. Never a value, never a count."""

from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from exchange.wire.acts import Act, Digest, Domain, Id, Seconds
from exchange.wire.refusals import Refusal


class SealedOutput(BaseModel):
    """The answer as the outside sees it: a ciphertext of some size. `tag` is a salted commitment the buyer can open."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    ciphertext_sha256: Digest
    ciphertext_bytes: Annotated[int, Field(ge=0, le=16_777_216)]
    recipient_kid: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    tag: Annotated[str, Field(max_length=64)]


class Receipt(Act):
    """Either an answer was sealed or a code says why not: exactly one of `output` and `refusal` is there."""

    TYPE: ClassVar[str] = "application/vnd.dx.receipt+json"
    ticket_id: Id
    ticket_digest: Digest
    order_id: Id
    domain: Domain
    output: SealedOutput | None
    refusal: Refusal | None
    plan_digest: Digest | None
    spent_nrho: Annotated[int, Field(ge=0, le=10**12)] = 0
    """What this ticket cost of the privacy budget, whatever came of it; 0 for an exact or a stored answer."""
    policy_digest: Digest
    log_size: Annotated[int, Field(ge=0)]
    started_at_s: Seconds
    finished_at_s: Seconds

    @model_validator(mode="after")
    def _one_outcome(self) -> Self:
        if (self.output is None) == (self.refusal is None):
            raise ValueError("a receipt has an output or a refusal")
        return self
