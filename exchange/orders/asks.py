"""What may be asked of the spine over HTTP: explain, order, hand in what came of it. Unknown fields are refused."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt

from exchange.kernel.text import Ground
from exchange.orders.schedule_model import Every
from exchange.wire.acts import Id
from exchange.wire.computations import Computation
from exchange.wire.envelope import Envelope
from exchange.wire.licences import Mode, Purpose

_FIRST_YEAR, _LAST_YEAR = 2000, 2100


def _day(text: str) -> str:
    """A date that exists, of this century."""
    if not _FIRST_YEAR <= date.fromisoformat(text).year < _LAST_YEAR:
        raise ValueError("not a date of this century")
    return text


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


class ScheduleAsk(BaseModel):
    """The same order again and again. `first_on` and `hour` are of Shanghai; `total_cap_fen` bounds all its runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    order: OrderAsk
    every: Every
    first_on: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_day)]
    hour: Annotated[StrictInt, Field(ge=0, le=23)] = 9
    runs_max: Annotated[StrictInt, Field(ge=1, le=1_000)]
    total_cap_fen: Annotated[StrictInt, Field(ge=0, le=10**15)]


class ReceiptAsk(BaseModel):
    """What a domain reports: its signed receipt and, if there is an answer, the ciphertext (base64)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    receipt: Envelope
    ciphertext: Annotated[str, Field(max_length=900_000)] | None = None
