"""What may be asked of consent over HTTP. Unknown fields are refused."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from exchange.wire.acts import Id
from exchange.wire.licences import Mode, Purpose

Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,40}$")]


class Ask(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ConsentAsk(Ask):
    """`kinds` are the kinds of data, `recipients` who may receive answers (nobody named: any licensed buyer)."""

    asset_id: Id
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1, max_length=15)]
    modes: Annotated[tuple[Mode, ...], Field(min_length=1, max_length=7)]
    kinds: Annotated[tuple[Word, ...], Field(min_length=1, max_length=40)]
    recipients: Annotated[tuple[Id, ...], Field(max_length=40)] = ()
    retention_days: Annotated[StrictInt, Field(ge=0, le=36_500)]
    separate: StrictBool
    proceeds_accepted: StrictBool = True
    valid_to_s: Annotated[StrictInt, Field(ge=1, le=2**40)]


class ActivationAsk(Ask):
    """How many records of the person the asset holds: its weight when proceeds are shared."""

    records: Annotated[StrictInt, Field(ge=1, le=10**9)]


class CountersignAsk(Ask):
    child_id: Id
