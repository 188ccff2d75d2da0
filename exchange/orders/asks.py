"""What may be asked of the spine over HTTP: explain, order, hand in what came of it. Unknown fields are refused."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from exchange.kernel.text import Ground
from exchange.wire.acts import Id
from exchange.wire.computations import Computation
from exchange.wire.envelope import Envelope
from exchange.wire.licences import Mode, Purpose


class OrderAsk(BaseModel):
    """One computation under one licence: for which purpose, from where, delivered how."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    licence_id: Id
    computation: Computation
    purpose: Purpose
    territory: Annotated[str, Field(pattern=r"^[A-Z0-9-]{2,16}$")]
    mode: Mode = Mode.RESULT
    rho_nrho: Annotated[int, Field(ge=1, le=10**12)] | None = None
    """What an answer with noise may cost of the privacy budget, in 1e-9 rho: more is more accurate. None: the most."""


class GroundAsk(BaseModel):
    """Why an authority stops a job, as a code of the rulebook."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    ground: Ground


class ReceiptAsk(BaseModel):
    """What a domain reports: its signed receipt and, if there is an answer, the ciphertext (base64)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    receipt: Envelope
    ciphertext: Annotated[str, Field(max_length=900_000)] | None = None
