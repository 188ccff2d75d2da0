"""The witnesses' door: what holds the exchange to one history comes in here. Trusts the policy's keys, no caller."""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from exchange.kernel.caller import Role
from exchange.kernel.errors import Malformed, NotFound
from exchange.kernel.http import OpenUnit, router
from exchange.ledger import quorum
from exchange.wire.canonical import INTEGER_MAX
from exchange.wire.log_policy import LogPolicy

cosignatures = router("/v1/ledger/cosignatures", "ledger")


def _policy(request: Request) -> LogPolicy:
    policy: LogPolicy = request.app.state.log_policy
    return policy


OpenPolicy = Annotated[LogPolicy, Depends(_policy)]


class CosignatureAsk(BaseModel):
    """A witness's line below the note of a size, as it would stand there."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    size: int = Field(ge=1, le=INTEGER_MAX)
    line: str = Field(max_length=600)


class Cosigned(BaseModel):
    """Whether the checkpoint of this size now has its quorum."""

    size: int
    quorum: bool


@cosignatures.post("")
def cosign(ask: CosignatureAsk, unit: OpenUnit, policy: OpenPolicy) -> Cosigned:
    """Hand in a cosignature (domains, auditors, the regulator)."""
    unit.caller.require(Role.NODE, Role.AUDITOR, Role.REGULATOR)
    try:
        met = quorum.keep(unit.connection, ask.size, ask.line, policy, unit.now)
    except quorum.NoSuchCheckpoint:
        raise NotFound("nothing was signed at this size") from None
    except quorum.CosignatureRefused:
        raise Malformed("this is not a cosignature of a witness of the policy", code="E_COSIGNATURE") from None
    return Cosigned(size=ask.size, quorum=met)
