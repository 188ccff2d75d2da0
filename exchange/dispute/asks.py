"""What may be asked of a dispute over HTTP. Unknown fields are refused."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from exchange.dispute.model import Category, Fault, Outcome
from exchange.wire.acts import Digest, Id

Evidence = Annotated[tuple[Digest, ...], Field(max_length=20)]
ClaimFen = Annotated[StrictInt, Field(ge=0, le=10**15)]
BasisPoints = Annotated[StrictInt, Field(ge=0, le=10_000)]


class Ask(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DisputeAsk(Ask):
    """`claim_fen` is what is claimed back, 0 if it is not about money; evidence is named by its SHA-256."""

    order_id: Id
    category: Category
    claim_fen: ClaimFen
    evidence_sha256: Evidence = ()


class ResponseAsk(Ask):
    evidence_sha256: Evidence = ()


class TermsAsk(Ask):
    """`terms_sha256`: of the paper both parties signed."""

    refund_bp: BasisPoints
    terms_sha256: Digest


class DecisionAsk(Ask):
    """`reasons_sha256`: of the arbiter's reasons, which both parties are given."""

    outcome: Outcome
    refund_bp: BasisPoints
    fault: Fault
    reasons_sha256: Digest
