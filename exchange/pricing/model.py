"""Prices: what is held before a computation, what it costs, and what a licence carries. Pure, and never a float.

Source: rulebook 4.5 (P1, P2, P11). No like buyers are charged unlike: each quote says on which conditions it rests.
"""

import hashlib
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from exchange.kernel import money
from exchange.kernel.entity import Entity, Event
from exchange.wire import canonical
from exchange.wire.acts import Digest, Fen, Id
from exchange.wire.licences import Mode, PerCallPrice, PriceRule, Purpose

MicroYuan = Annotated[int, Field(ge=0, le=10**15)]
Carry = Annotated[int, Field(ge=0, lt=money.MICRO_YUAN_PER_FEN)]


class Conditions(BaseModel):
    """What a price depended on: equal conditions, equal prices. `exception` names a lawful reason to differ."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    listing_id: Id
    purpose: Purpose
    mode: Mode
    territory: Annotated[str, Field(pattern=r"^[A-Z0-9-]{2,16}$")]
    exception: Literal["NONE", "REAL_NEED", "NEW_USER", "FAIR_TRIAL"]

    @property
    def digest(self) -> str:
        return hashlib.sha256(canonical.encode(self.model_dump(mode="json"))).hexdigest()


class FixedCharge(BaseModel):
    """The computation costs this."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["fixed"] = "fixed"
    price_fen: Fen


class PerCallCharge(BaseModel):
    """The computation adds this to what the licence has accrued; whole fen are charged, the rest is carried."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["per_call"] = "per_call"
    unit_micro_yuan: MicroYuan


Charge = Annotated[FixedCharge | PerCallCharge, Field(discriminator="kind")]


class Quote(BaseModel):
    """For how much: what must be held, how it will be charged, and the conditions it rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    hold_fen: Fen
    charge: Charge
    conditions: Conditions
    conditions_digest: Digest


def quote(rule: PriceRule, conditions: Conditions) -> Quote:
    """The hold always covers the charge: with any carry, one call never bills more than its unit price rounded up."""
    asked: FixedCharge | PerCallCharge
    if isinstance(rule, PerCallPrice):
        asked = PerCallCharge(unit_micro_yuan=rule.unit_micro_yuan)
        hold_fen = -(-rule.unit_micro_yuan // money.MICRO_YUAN_PER_FEN)
    else:
        asked = FixedCharge(price_fen=rule.price_fen)
        hold_fen = rule.price_fen
    return Quote(hold_fen=hold_fen, charge=asked, conditions=conditions, conditions_digest=conditions.digest)


def charge(rule: PriceRule, carry_micro_yuan: int) -> tuple[int, int]:
    """What one computation costs in fen, and the carry after it. A fixed price leaves the carry alone."""
    if isinstance(rule, PerCallPrice):
        return money.bill(carry_micro_yuan + rule.unit_micro_yuan)
    return rule.price_fen, carry_micro_yuan


class MeterState(StrEnum):
    NEW = "NEW"
    RUNNING = "RUNNING"
    CLOSED = "CLOSED"


class MeterCharged(Event):
    """One call was added to a licence's meter."""

    licence_id: str
    order_id: str
    unit_micro_yuan: MicroYuan
    charged_fen: Fen
    carry_micro_yuan: Carry


class MeterClosed(Event):
    """The last statement of a licence: half a fen and more rounds up, and the carry ends."""

    charged_fen: Fen
    carry_micro_yuan: Literal[0] = 0


class Meter(Entity):
    """What one licence has accrued below a fen. Its versions put concurrent calls in one line."""

    NEXT = {
        (MeterState.NEW, MeterCharged): MeterState.RUNNING,
        (MeterState.RUNNING, MeterCharged): MeterState.RUNNING,
        (MeterState.RUNNING, MeterClosed): MeterState.CLOSED,
    }
    licence_id: str = ""
    carry_micro_yuan: int = 0
    charged_fen: int = 0
    """What the last fact charged."""
