"""The composition root of the API: which routes there are, how errors look, what a request may cost. Holds no rule."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exchange.access.credentials import authenticate
from exchange.access.payload_routes import payloads
from exchange.access.routes import keys, nodes, participants
from exchange.audit.cosignatures import cosignatures
from exchange.audit.log_routes import keys as log_keys
from exchange.audit.routes import audit
from exchange.authorization.routes import controls, templates
from exchange.classification.routes import routes as classification
from exchange.consent.routes import consents, individuals
from exchange.custody.routes import custody
from exchange.dispute.routes import disputes, objections
from exchange.house import House, Threads
from exchange.incidents.routes import incidents
from exchange.kernel.errors import ExchangeError, Unavailable
from exchange.kernel.problems import problem, problem_of
from exchange.ledger.backlog import STOPPED
from exchange.ledger.routes import router as ledger
from exchange.ledger.tide import Tide
from exchange.licensing.routes import handovers, licences, listings
from exchange.orders.approval_routes import approvals
from exchange.orders.routes import orders, queries, receipts
from exchange.orders.schedule_routes import schedules
from exchange.oversight.routes import exits, oversight, sanctions
from exchange.registration.routes import handles
from exchange.registration.routes import routes as registration
from exchange.rehearsal import rehearsal
from exchange.settlement.payout_routes import payouts, simulator
from exchange.settlement.proceeds_routes import earnings
from exchange.settlement.rail_routes import rail_desk
from exchange.settlement.routes import routes as settlement
from policies.engine import archive

BODY_BYTES_MAX = 1_048_576
CREDENTIALS_PER_ADDRESS = 10
"""So many may come from one address at their full rate; whoever makes credentials up gets no further than they."""
log = structlog.get_logger()

ROUTERS = (
    participants, keys, nodes, payloads,
    registration, handles, classification,
    handovers, listings, licences,
    settlement, payouts, simulator, rail_desk,
    individuals, consents, earnings,
    queries, orders, receipts, schedules, approvals, templates, controls,
    disputes, objections, custody, incidents, exits, sanctions, oversight,
    audit, cosignatures, log_keys, ledger,
)  # fmt: skip


def create_app(house: House) -> FastAPI:
    """The API over one house. On SQLite its lifespan also runs the sequencer, the dispatcher and the clockwork."""
    rails = house.rails()
    threads = Threads(house, rails) if house.settings.embedded else None

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if threads is not None:
            threads.start()
        yield
        if threads is not None:
            threads.stop()

    app = FastAPI(title="Data-element exchange", version="0.1.0", lifespan=lifespan)
    app.state.ground = house.ground
    app.state.store = house.ground.store
    app.state.log_vkeys = list(house.log_vkeys)
    app.state.log_root = house.log_root
    app.state.tide = Tide(house.ground.store)
    app.state.log_policy = house.log_policy()
    app.state.authenticate = authenticate
    app.state.rails = rails
    app.state.house = house
    # Every set of rules that ever decides here stays, so that its decisions can be made again.
    archive(house.ground.policies, house.settings.home / "policies")
    for router in ROUTERS:
        app.include_router(router)
    if house.settings.rehearsal_behind_s:
        app.include_router(rehearsal)
    _public(app, house, threads)
    _errors(app)
    _absences(app, house)
    app.add_middleware(Fences, requests_per_minute=house.settings.requests_per_minute)
    return app


class Fences:
    """What no request may do: be larger than we read, or come more often than agreed, by credential and address."""

    def __init__(self, app: ASGIApp, requests_per_minute: int) -> None:
        self._app = app
        self._rate = parse(f"{requests_per_minute}/minute")
        self._crowd = parse(f"{requests_per_minute * CREDENTIALS_PER_ADDRESS}/minute")
        storage = MemoryStorage()
        self._limiter, self._crowds = MovingWindowRateLimiter(storage), FixedWindowRateLimiter(storage)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if "\0" in scope["path"]:
            # No database takes such a name, and each says so in its own way.
            return await problem(404, "E_NOT_FOUND", "no such thing")(scope, receive, send)
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > BODY_BYTES_MAX:
            return await problem(413, "E_TOO_LARGE", "the body is too large")(scope, receive, send)
        address, shown = str((scope.get("client") or ("",))[0]), headers.get(b"authorization", b"")
        who = hashlib.sha256(shown).hexdigest() if shown else address
        if not (self._crowds.hit(self._crowd, "crowd", address) and self._limiter.hit(self._rate, who)):
            return await problem(429, "E_RATE", "too many requests; come back in a minute")(scope, receive, send)
        return await self._app(scope, _counted(receive), send)


def _counted(receive: Receive) -> Receive:
    """A body without a declared length is counted as it comes."""
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > BODY_BYTES_MAX:
            raise HTTPException(413, "E_TOO_LARGE")
        return message

    return counted


def _errors(app: FastAPI) -> None:
    @cache
    def known_names() -> frozenset[str]:
        described = app.openapi()
        fields = {name for model in described["components"]["schemas"].values() for name in model.get("properties", ())}
        asked = (
            one for path in described["paths"].values() for way in path.values() for one in way.get("parameters", ())
        )
        return frozenset({"body", "query", "path", "header", *fields, *(one["name"] for one in asked)})

    def shown(part: object) -> str:
        """A name of ours or a position; a name that the caller made up may be a secret in the wrong place."""
        return str(part) if isinstance(part, int) or part in known_names() else "*"

    @app.exception_handler(ExchangeError)
    def known(_: Request, error: ExchangeError) -> Response:
        return problem_of(error)

    @app.exception_handler(RequestValidationError)
    def unreadable(_: Request, error: RequestValidationError) -> Response:
        """Where it is wrong and how, never what was sent."""
        pointers = [{"pointer": "/".join(map(shown, one["loc"])), "kind": one["type"]} for one in error.errors()]
        return problem(422, "E_MALFORMED", "the request is not what this route takes", errors=pointers[:20])

    @app.exception_handler(HTTPException)
    def http(_: Request, error: HTTPException) -> Response:
        code = error.detail if str(error.detail).startswith("E_") else f"E_HTTP_{error.status_code}"
        response = problem(error.status_code, str(code), "see the code")
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    def unknown(_: Request, error: Exception) -> Response:
        log.error("request.failed", error=type(error).__name__)
        return problem(500, "E_INTERNAL", "the exchange failed; nothing was recorded")


def _absences(app: FastAPI, house: House) -> None:
    @app.exception_handler(OperationalError)
    def away(_: Request, error: OperationalError) -> Response:
        """Outside a unit, as the served log is: a server that went away comes back; a disk that fails does not."""
        if house.ground.store.is_sqlite:
            log.error("request.failed", error=type(error).__name__)
            return problem(500, "E_INTERNAL", "the exchange failed; nothing was recorded")
        return problem_of(Unavailable("the database did not answer; ask again"))


def _public(app: FastAPI, house: House, threads: Threads | None) -> None:
    @app.get("/v1/exchange", tags=["exchange"])
    def about() -> dict[str, Any]:
        """What a newcomer pins: the exchange's own key, the log's keys, the rulebook in force."""
        return {
            "exchange_key": house.ground.key.public.text,
            "log_root": house.log_root,
            "log_vkeys": list(house.log_vkeys),
            "origin": house.settings.origin,
            "rulebook_digest": house.ground.policies.digest,
            "rulebook_version": house.ground.policies.version,
        }

    @app.get("/healthz", tags=["exchange"])
    def healthy() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["exchange"])
    def ready() -> Response:
        """The database answers, and the log is being signed: here, or by the process whose work we see."""
        stopped = STOPPED if threads is not None and threads.sequencer.failure is not None else ""
        with house.ground.answering():
            with house.ground.store.reading() as connection:
                connection.execute(text("SELECT 1"))
            code = stopped or (house.ground.backlog.refusal() if house.ground.backlog else "")
        if code:
            return problem(503, code, "the log is not being signed in time; an operator must look")
        return Response('{"status":"ready"}', media_type="application/json")
