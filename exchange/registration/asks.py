"""What may be asked of registration over HTTP. Unknown fields are refused."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from exchange.kernel.text import Ground, Line, Paragraph
from exchange.wire.acts import Digest, Domain, Id
from policies.grading import GradedField

Code = Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,40}$")]
Word = Annotated[str, Field(pattern=r"^[a-z0-9_]{2,40}$")]


class Ask(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RegistrationAsk(Ask):
    """An application for initial registration. `tables` are the controls queries will meet; `fields` the impact vector;
    `attributes` what the negative list asks.
    """

    title_zh: Line
    title_en: Line
    summary: Paragraph
    sector: Literal["FINANCE", "HEALTH", "POWER", "LOGISTICS", "OTHER"]
    origin: Paragraph
    licence: Paragraph
    domain: Domain
    rights: tuple[Literal["HOLD", "USE", "OPERATE"], ...] = Field(min_length=1, max_length=3)
    exclusive: StrictBool = False
    source_statement_sha256: Digest
    evidence: Annotated[Mapping[Word, Digest], Field(min_length=1, max_length=40)]
    tables: Annotated[Mapping[str, Any], Field(min_length=1, max_length=20)]
    fingerprint: Digest
    rows: Annotated[int, Field(ge=1, le=10**12)]
    fields: tuple[GradedField, ...] = Field(min_length=1, max_length=400)
    attributes: Annotated[Mapping[Word, StrictBool | Code], Field(max_length=60)]
    authorised_until: date | None = None


class ObjectionAsk(Ask):
    claim_sha256: Digest


class ReasonsAsk(Ask):
    reasons_sha256: Digest


class ChangeAsk(Ask):
    """What describes the asset anew. `delta_sha256` is of the paper that says why."""

    title_zh: Line | None = None
    title_en: Line | None = None
    summary: Paragraph | None = None
    evidence: Annotated[Mapping[Word, Digest], Field(max_length=40)] = {}
    delta_sha256: Digest


class RenewalAsk(Ask):
    """`authorised_until`: how long the authorisation the data rests on lasts now."""

    authorised_until: date | None = None
    evidence_sha256: Digest


class TransferAsk(Ask):
    transferee_id: Id
    contract_sha256: Digest


class AcceptanceAsk(Ask):
    """In which of its own domains the new holder keeps the data, and the contract it agreed to."""

    domain: Domain
    contract_sha256: Digest


class OrderRefAsk(Ask):
    order_sha256: Digest


class GroundAsk(Ask):
    ground: Ground
