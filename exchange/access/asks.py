"""What may be asked of access over HTTP. Unknown fields are refused."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from exchange.kernel.caller import Role
from exchange.kernel.text import Ground, Line
from exchange.wire.acts import Digest, Domain
from exchange.wire.envelope import Envelope

AppliedRole = Literal["SUPPLIER", "DATA_MERCHANT", "BUYER", "THIRD_PARTY", "AUTH_OPERATOR", "CUSTODIAN", "HUB_PEER"]
Word = Annotated[str, Field(pattern=r"^[a-z0-9_]{2,40}$")]
Evidence = Annotated[Mapping[Word, Digest], Field(max_length=40)]
PersonId = Annotated[str, Field(pattern=r"^psn_[a-z0-9_]{2,40}$")]


class Ask(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Application(Ask):
    """The applicant makes its own secret and sends the SHA-256 of it: the exchange never sees a secret."""

    org_name: Line
    uscc: Annotated[str, Field(min_length=18, max_length=18)]
    roles: tuple[AppliedRole, ...] = Field(min_length=1, max_length=8)
    group_uscc: Annotated[str, Field(max_length=18)] = ""
    """The code of whoever controls the applicant; empty if nobody does."""
    territory: Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,10})?$")]
    operates_node: StrictBool
    evidence: Evidence
    legal_representative: Line
    api_key_sha256: Digest


class SupplementAsk(Ask):
    items: tuple[Word, ...] = Field(min_length=1, max_length=40)


class SupplementReply(Ask):
    evidence: Annotated[Evidence, Field(min_length=1)]


class Review(Ask):
    """What the reviewer found: one answer for each fact the admission table asks and the application does not give."""

    facts: Annotated[Mapping[Word, StrictBool | StrictInt], Field(max_length=40)]


class RejectionAsk(Ask):
    reasons: tuple[Ground, ...] = Field(min_length=1, max_length=20)


class ActivationAsk(Ask):
    envelope: Envelope


class SuspensionAsk(Ask):
    ground: Ground
    until_s: Annotated[StrictInt, Field(ge=0, le=2**40)]


class ReinstatementAsk(Ask):
    evidence_sha256: Digest


class RevocationAsk(Ask):
    ground: Ground
    order_sha256: Digest


class KeyAsk(Ask):
    """`person_id` is the caller's own name for the person; leave it out and one is made."""

    roles: tuple[Role, ...] = Field(min_length=1, max_length=18)
    sha256: Digest
    person_id: PersonId | None = None
    person_name: Line


class RotationAsk(Ask):
    sha256: Digest


class NodeAsk(Ask):
    domain: Domain
    signing_key: Annotated[str, Field(min_length=1, max_length=200)]
    broker_sha256: Digest
