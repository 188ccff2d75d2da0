"""What may be asked about incidents over HTTP. Unknown fields are refused."""

from pydantic import BaseModel, ConfigDict

from exchange.incidents.model import IncidentKind
from exchange.wire.acts import Digest, Id


class Ask(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IncidentAsk(Ask):
    kind: IncidentKind
    about: Id
    details_sha256: Digest


class ReportAsk(Ask):
    report_sha256: Digest


class OutcomeAsk(Ask):
    outcome_sha256: Digest
