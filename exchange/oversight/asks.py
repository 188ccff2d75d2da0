"""What may be asked of oversight over HTTP. Unknown fields are refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from exchange.wire.acts import Digest, Id

SanctionGround = Literal[
    "NEGATIVE_LIST", "CERTIFICATE_LOST", "FALSE_SOURCE", "DATA_BREACH", "PRODUCT_FLAW", "QUALITY_UPHELD",
    "SCOPE_BREACH", "WASH_TRADE", "PRICE_DISCRIMINATION", "PI_VIOLATION", "REGULATOR_ORDER",
]  # fmt: skip


class Ask(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Ordered(Ask):
    """What the regulator orders, where the table leaves it to the regulator."""

    listing_action: Literal["NONE", "PAUSED", "SUSPENDED", "DELISTED"] = "NONE"
    party_action: Literal["NONE", "WARNING", "SUSPENDED", "REVOKED"] = "NONE"
    licence_action: Literal["NONE", "SUSPENDED", "REVOKED"] = "NONE"


class SanctionAsk(Ask):
    """A finding. Without a listing or a licence, all of the participant's are meant."""

    ground: SanctionGround
    participant_id: Id
    listing_id: Id | None = None
    licence_id: Id | None = None
    finding_sha256: Digest
    suspension_days: Annotated[StrictInt, Field(ge=0, le=366)] = 0
    ordered: Ordered | None = None


class EvidenceAsk(Ask):
    evidence_sha256: Digest


class ReasonsAsk(Ask):
    reasons_sha256: Digest


class VerdictAsk(Ask):
    outcome: Literal["UPHELD", "DISMISSED"]
    reasons_sha256: Digest
