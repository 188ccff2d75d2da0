"""Moving the clock of a rehearsal forward. Only there when the exchange was started behind real time."""

from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from exchange.kernel.caller import Role
from exchange.kernel.clock import SECOND, RehearsalClock
from exchange.kernel.errors import NotFound
from exchange.kernel.http import LookUnit, router

rehearsal = router("/v1/rehearsal", "rehearsal")


class AdvanceAsk(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    seconds: Annotated[int, Field(ge=0, le=366 * 86_400)]


@rehearsal.post(":advance")
def advance(ask: AdvanceAsk, request: Request, unit: LookUnit) -> dict[str, int]:
    """Let time pass, up to the real time and no further."""
    unit.caller.require(Role.ADMIN)
    clock = unit.ground.clock
    if not isinstance(clock, RehearsalClock):
        raise NotFound("this exchange keeps real time")
    clock.advance(ask.seconds * SECOND)
    return {"now_s": clock() // SECOND, "behind_s": clock.behind_us // SECOND}
