"""What may be asked of custody over HTTP. Unknown fields are refused."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from exchange.custody.packages import ObjectKind, ReleaseRule
from exchange.kernel.text import Ground, Line
from exchange.wire.acts import Digest, Id

CONTENT_CHARACTERS_MAX = 1_000_000


class Ask(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DepositAsk(Ask):
    """`content` (base64) is kept by the exchange for the custodian; without it, the custodian has the bytes already."""

    kind: ObjectKind
    asset_id: Id
    custodian_id: Id
    object_sha256: Digest
    object_bytes: Annotated[StrictInt, Field(ge=1, le=2**50)]
    sealed: StrictBool
    mandate_sha256: Digest
    content: Annotated[str | None, Field(max_length=CONTENT_CHARACTERS_MAX)] = None


class HashAsk(Ask):
    """What the custodian's own recomputation gave."""

    object_sha256: Digest


class ActivationAsk(Ask):
    release_rule: ReleaseRule
    kept_until: date


class ReleaseAsk(Ask):
    """Under a licence, by its buyer; or by a decision, by an arbiter who names the recipient."""

    licence_id: Id | None = None
    recipient_id: Id | None = None
    decision_sha256: Digest | None = None


class ReasonAsk(Ask):
    reason: Ground


class FreezeAsk(Ask):
    ground: Ground
    order_sha256: Digest


class OrderAsk(Ask):
    order_sha256: Digest


class DestructionAsk(Ask):
    """How, and who stands by; the attestation is a paper of theirs."""

    method: Ground
    witness: Line
    attestation_sha256: Digest
