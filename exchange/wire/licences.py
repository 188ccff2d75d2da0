"""Licences: on which terms a buyer may compute (授权). Signed by the provider's own key, then by the buyer's."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from exchange.wire.acts import Act, Digest, Domain, Fen, Id, Seconds


class Purpose(StrEnum):
    """Purpose codes (rulebook 4.4)."""

    FIN_RISK = "FIN_RISK"
    FIN_FRAUD = "FIN_FRAUD"
    INSURANCE_PRICING = "INSURANCE_PRICING"
    HEALTH_RESEARCH = "HEALTH_RESEARCH"
    HEALTH_POLICY = "HEALTH_POLICY"
    PUBLIC_GOVERNANCE = "PUBLIC_GOVERNANCE"
    PUBLIC_BENEFIT = "PUBLIC_BENEFIT"
    POWER_OPERATION = "POWER_OPERATION"
    CARBON = "CARBON"
    LOGISTICS_OPT = "LOGISTICS_OPT"
    SUPPLY_FINANCE = "SUPPLY_FINANCE"
    INDUSTRY_ANALYSIS = "INDUSTRY_ANALYSIS"
    AI_TRAINING = "AI_TRAINING"
    MARKETING = "MARKETING"
    SANDBOX_TRIAL = "SANDBOX_TRIAL"


class Mode(StrEnum):
    """Delivery modes (rulebook 4.2)."""

    OPEN_DOWNLOAD = "M0"
    FILE = "M1"
    API_RECORD = "M2"
    VERIFY = "M3"
    SANDBOX = "M4"
    PRIVATE_COMPUTE = "M5"
    RESULT = "M6"


class ContractType(StrEnum):
    """The four model contracts for data circulation."""

    PROVISION = "PROVISION"
    ENTRUSTED = "ENTRUSTED"
    FUSION = "FUSION"
    INTERMEDIATION = "INTERMEDIATION"


class FixedPrice(BaseModel):
    """P1: one price for one computation."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    model: Literal["P1"]
    price_fen: Fen


class PerCallPrice(BaseModel):
    """P2: a unit price in micro-yuan for each computation (1 fen = 10,000 µ¥)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    model: Literal["P2"]
    unit_micro_yuan: Annotated[int, Field(ge=0, le=10**15)]


class NegotiatedPrice(BaseModel):
    """P11: the price both sides signed, for one computation."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    model: Literal["P11"]
    price_fen: Fen
    quote_digest: Digest


PriceRule = Annotated[FixedPrice | PerCallPrice | NegotiatedPrice, Field(discriminator="model")]


class LicenceTerms(BaseModel):
    """The scope of a licence (rulebook 4.4). Unix seconds; `valid_to_s` is the first instant no longer covered."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    purposes: tuple[Purpose, ...] = Field(min_length=1, max_length=15)
    territories: tuple[Annotated[str, Field(pattern=r"^[A-Z0-9-]{2,16}$")], ...] = Field(min_length=1, max_length=40)
    modes: tuple[Mode, ...] = Field(min_length=1, max_length=7)
    valid_from_s: Seconds
    valid_to_s: Seconds
    jobs_max: Annotated[int, Field(ge=1, le=10**9)]
    price: PriceRule
    split_template: Annotated[str, Field(pattern=r"^T[1-5]$")]
    onward: Literal["NONE", "AFFILIATE", "LISTED"]
    derived_right: Literal["NONE", "INTERNAL", "COMMERCIAL_FREE"]
    retention_days: Annotated[int, Field(ge=0, le=36_500)]
    contract_type: ContractType
    job_approval: bool = False
    """Whether the provider looks at every single job before it runs."""

    @model_validator(mode="after")
    def _lasts(self) -> "LicenceTerms":
        if self.valid_to_s <= self.valid_from_s:
            raise ValueError("a licence lasts longer than nothing")
        return self

    def within(self, template: "LicenceTerms") -> bool:
        """Whether these terms ask for nothing the template does not offer; price, split and contract are its own."""
        return (
            set(self.purposes) <= set(template.purposes)
            and set(self.territories) <= set(template.territories)
            and set(self.modes) <= set(template.modes)
            and template.valid_from_s <= self.valid_from_s
            and self.valid_to_s <= template.valid_to_s
            and self.jobs_max <= template.jobs_max
            and self.job_approval >= template.job_approval
            and (self.price, self.split_template, self.contract_type, self.onward, self.derived_right)
            == (
                template.price,
                template.split_template,
                template.contract_type,
                template.onward,
                template.derived_right,
            )
            and self.retention_days <= template.retention_days
        )


Nrho = Annotated[int, Field(ge=1, le=10**12)]


class PrivacyBudget(BaseModel):
    """What answers with noise may cost in all, in 1e-9 rho: one of them, one buyer's, those of all buyers together."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    query_cap_nrho: Nrho
    buyer_cap_nrho: Nrho
    version_cap_nrho: Nrho


class Licence(Act):
    """What both sides sign. A worker runs nothing that its own provider's signature on such an act does not cover."""

    TYPE: ClassVar[str] = "application/vnd.dx.licence+json"
    id: Id
    listing_id: Id
    asset_id: Id
    provider_id: Id
    buyer_id: Id
    domain: Domain
    controls_digest: Digest
    recipient_kid: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    """The buyer's own sealing key: an answer under this licence is sealed to it and to nothing else."""
    k_min: Annotated[int, Field(ge=2, le=10**6)]
    """No answer over fewer privacy units, whatever a ticket says."""
    dominance_bp_max: Annotated[int, Field(ge=1, le=10_000)]
    """No exact sum of which one unit holds more than this share, in basis points; 10,000 is no rule."""
    budget: PrivacyBudget | None = None
    """Answers carry noise, within this; without it they are exact. A ticket cannot choose."""
    terms: LicenceTerms
