"""How certain a caller wants to be before it is answered: `?wait=included|cosigned`, `Prefer: wait=N` (RFC 7240).

The fact is committed first, whatever becomes of the wait. An answer that could not be waited for is a 202 that says
where the proof will be; the log promises nothing.
"""

import re
from dataclasses import dataclass

from fastapi import Request, Response

from exchange.kernel.errors import Malformed

ENTRY = "Ledger-Entry"
"""The header that names the last entry a request recorded."""
WAIT_S, WAIT_S_MAX = 10, 30
_PREFERRED = re.compile(r"\s*wait\s*=\s*\"?([0-9]{1,9})\"?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wish:
    """To be answered when a published checkpoint covers what was recorded; `cosigned`: and witnesses vouch for it."""

    cosigned: bool
    seconds: int


def wish(request: Request) -> Wish | None:
    """What the caller asked for; None asks for nothing. A preference that cannot be read is none, as the RFC has it."""
    asked = request.query_params.getlist("wait")
    if len(asked) > 1 or (asked and asked[0] not in ("included", "cosigned")):
        raise Malformed("wait is included or cosigned", code="E_WAIT")
    found = [one for part in request.headers.get("prefer", "").split(",") if (one := _PREFERRED.fullmatch(part))]
    if not asked and not found:
        return None
    return Wish(asked == ["cosigned"], min(int(found[0][1]), WAIT_S_MAX) if found else WAIT_S)


async def held(request: Request, response: Response, wished: Wish) -> Response:
    """The answer, once the log covers what it tells of; a 202 that names the proof if it does not in time."""
    event_id = response.headers.get(ENTRY, "")
    if not event_id:
        return response
    witnessed = request.app.state.log_policy.quorum != ["none"]
    if (witnessed or not wished.cosigned) and await request.app.state.tide.covers(event_id, wished.seconds):
        response.headers["Preference-Applied"] = f"wait={wished.seconds}"
        return response
    if response.status_code < 300:
        response.status_code = 202
    response.headers["Location"] = f"/v1/ledger/entries/{event_id}/proof"
    return response
