"""What may be asked of licensing over HTTP. Unknown fields are refused."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from exchange.wire.acts import Digest, Id
from exchange.wire.envelope import Envelope
from exchange.wire.licences import LicenceTerms

Ground = Annotated[str, Field(pattern=r"^[A-Z0-9_:]{2,40}$")]


class Ask(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ListingAsk(Ask):
    asset_id: Id
    merchant_id: Id
    template: LicenceTerms
    quality_report_sha256: Digest


class Assessment(Ask):
    passed: bool
    report_sha256: Digest
    assessor_id: Id
    reasons: tuple[Ground, ...] = Field(default=(), max_length=20)


class LicenceAsk(Ask):
    listing_id: Id
    terms: LicenceTerms


class TermsAsk(Ask):
    terms: LicenceTerms


class AttestationAsk(Ask):
    attestation_sha256: Digest


class SignedAsk(Ask):
    envelope: Envelope


class GroundAsk(Ask):
    ground: Ground


class ReportAsk(Ask):
    report_sha256: Digest
