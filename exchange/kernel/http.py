"""From a request to a unit: one request, one unit, one commit, before the answer leaves.

A route is a plain function of what was asked and a unit. `UnitRoute` opens the unit, replays a repeated request,
keeps the answer with the facts, and turns a recorded refusal into a problem after it was recorded.
"""

import hashlib
import inspect
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import wraps
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from exchange.kernel import certainty, idempotency
from exchange.kernel.caller import NOBODY, Caller
from exchange.kernel.errors import LogStopped, Malformed, RecordedRefusal, StaleVersion, Unauthenticated
from exchange.kernel.idempotency import Answer, Ask
from exchange.kernel.problems import problem_of
from exchange.kernel.unit import Ground, Unit

KEY_CHARACTERS_MAX = 128
STALE_TRIES = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """A request on its way into a unit: on which ground, with which credential, and how it would be repeated."""

    ground: Ground
    authenticate: Callable[[Unit, str], Caller]
    credential: str
    writes: bool
    idempotency_key: str
    fingerprint: str


async def asked(request: Request) -> Asked:
    """Read what the unit needs of the request, which must say who asks."""
    return await _asked(request, request.app.state.authenticate, _credential(request))


async def asked_by_anyone(request: Request) -> Asked:
    """Read what the unit needs of a request that nobody has to sign; a credential is not even looked at."""
    return await _asked(request, lambda _unit, _credential: ANYONE, "")


async def asked_to_look(request: Request) -> Asked:
    """Read what a unit needs that cannot write."""
    state = request.app.state
    return Asked(state.ground, state.authenticate, _credential(request), False, "", "")


def _credential(request: Request) -> str:
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credential:
        raise Unauthenticated("send your API key as a bearer credential")
    return credential.strip()


async def _asked(request: Request, authenticate: Callable[[Unit, str], Caller], credential: str) -> Asked:
    """Every POST must say under which key it may be repeated."""
    writes = request.method != "GET"
    key = request.headers.get("idempotency-key", "")
    if writes and not 0 < len(key) <= KEY_CHARACTERS_MAX:
        raise Malformed("send an Idempotency-Key with every write", code="E_IDEMPOTENCY_KEY")
    digest = hashlib.sha256()
    if writes:
        for part in (request.method.encode(), request.url.path.encode(), await request.body()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return Asked(request.app.state.ground, authenticate, credential, writes, key, digest.hexdigest())


OpenUnit = Annotated[Unit, Depends(asked)]
"""What a route declares; `UnitRoute` replaces the `Asked` by the unit it opened."""

AnyoneUnit = Annotated[Unit, Depends(asked_by_anyone)]
"""The same for the few routes that are open to strangers: applying, and looking at what is public."""

LookUnit = Annotated[Unit, Depends(asked_to_look)]
"""For a POST that only looks (a dry run): no Idempotency-Key, no write lock, nothing recorded."""

ANYONE = replace(NOBODY, key_id="anyone")


class UnitRoute(APIRoute):
    """A route whose function runs inside one unit."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        options["status_code"] = options.get("status_code") or 200
        super().__init__(path, _in_one_unit(endpoint, options["status_code"]), **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """A write is answered as soon as it is committed, or when the log covers it, as the caller wishes."""
        answered = super().get_route_handler()

        async def waited(request: Request) -> Response:
            wished = certainty.wish(request) if request.method != "GET" else None
            response = await answered(request)
            return response if wished is None else await certainty.held(request, response, wished)

        return waited


def router(prefix: str, tag: str) -> APIRouter:
    return APIRouter(prefix=prefix, tags=[tag], route_class=UnitRoute)


def _in_one_unit(endpoint: Callable[..., Any], status: int) -> Callable[..., Any]:
    units = (OpenUnit, AnyoneUnit, LookUnit)
    if not any(one.annotation in units for one in inspect.signature(endpoint).parameters.values()):
        return endpoint

    @wraps(endpoint)
    def answered(**arguments: Any) -> Response:
        request: Asked = arguments["unit"]
        if not request.writes:
            with request.ground.reading(NOBODY) as unit:
                unit.caller = request.authenticate(unit, request.credential)
                result = endpoint(**{**arguments, "unit": unit})
                return result if isinstance(result, Response) else _response(_answer(result, status))
        _logged(request.ground)
        for _ in range(STALE_TRIES - 1):
            # Somebody else was first: the unit is undone as a whole, so it can be asked again as a whole.
            with suppress(StaleVersion):
                return _written(endpoint, request, arguments, status)
        return _written(endpoint, request, arguments, status)

    return answered


def _logged(ground: Ground) -> None:
    """A fact that cannot be logged must not happen."""
    with ground.answering():
        code = ground.backlog.refusal() if ground.backlog is not None else ""
    if code:
        raise LogStopped("what is recorded is not being signed in time; come back", code=code)


def _written(endpoint: Callable[..., Any], request: Asked, arguments: dict[str, Any], status: int) -> Response:
    with request.ground.writing(NOBODY) as unit:
        unit.caller = request.authenticate(unit, request.credential)
        ask = Ask(unit.caller.key_id, request.idempotency_key, request.fingerprint)
        if before := idempotency.claim(unit.connection, ask, unit.now):
            return _response(before, replayed=True)
        answer = replace(_recorded(endpoint, {**arguments, "unit": unit}, status), fact=unit.last_fact)
        idempotency.keep(unit.connection, ask, answer)
    return _response(answer)


def _recorded(endpoint: Callable[..., Any], arguments: dict[str, Any], status: int) -> Answer:
    try:
        return _answer(endpoint(**arguments), status)
    except RecordedRefusal as refusal:
        response = problem_of(refusal)
        return Answer(response.status_code, str(response.media_type), bytes(response.body))


def _answer(result: Any, status: int) -> Answer:
    if isinstance(result, Response):
        return Answer(result.status_code, result.media_type or "application/octet-stream", bytes(result.body))
    body = result.model_dump_json().encode() if isinstance(result, BaseModel) else orjson.dumps(result, default=_plain)
    return Answer(status, "application/json", body)


def _plain(part: Any) -> Any:
    """A view within a list."""
    if isinstance(part, BaseModel):
        return part.model_dump(mode="json")
    raise TypeError("an answer is made of views and plain values")


def _response(answer: Answer, *, replayed: bool = False) -> Response:
    response = Response(answer.body, status_code=answer.status, media_type=answer.media_type)
    if answer.fact:
        response.headers[certainty.ENTRY] = answer.fact
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response
