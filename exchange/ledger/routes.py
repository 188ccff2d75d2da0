"""The served log: static resources for verifiers, and conveniences for people. Reads only; never shows content."""

import json
import re
from base64 import b64encode
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool

from exchange.ledger import proofs, quorum, served, standing
from exchange.ledger.store import Store
from exchange.ledger.tide import Crowded
from exchange.wire.tiles import BadPath, place

router = APIRouter(tags=["ledger"])

_FOREVER = "public, max-age=31536000, immutable"
_BRIEFLY = "public, max-age=1"
_NEVER = {"Cache-Control": "no-store"}
_SIZE_MAX = 2**53 - 1
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
WITNESS_WAIT_S_MAX = 15


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


def _absent() -> HTTPException:
    return HTTPException(404, "E_NOT_FOUND", headers=_NEVER)


@router.get("/ledger/checkpoint", response_class=PlainTextResponse)
def checkpoint(request: Request) -> PlainTextResponse:
    """The newest published checkpoint, a signed note."""
    with _store(request).reading() as connection:
        newest = proofs.newest_checkpoint(connection)
    if newest is None:
        raise _absent()
    return PlainTextResponse(newest[1], headers={"Cache-Control": _BRIEFLY})


@router.get("/ledger/checkpoint/{size}", response_class=PlainTextResponse)
def checkpoint_at(request: Request, size: str) -> PlainTextResponse:
    """Any checkpoint ever published."""
    if not _SIZE.fullmatch(size) or int(size) > _SIZE_MAX:
        raise _absent()
    with _store(request).reading() as connection:
        try:
            note = served.note_at(connection, int(size))
        except served.NotServed:
            raise _absent() from None
    return PlainTextResponse(note, headers={"Cache-Control": _FOREVER})


@router.get("/ledger/tile/{path:path}", response_class=Response)
def tile(request: Request, path: str) -> Response:
    """A tile or an entry bundle, at a width that some published checkpoint needs."""
    try:
        wanted = place(path)
        with _store(request).reading() as connection:
            data = served.resource(connection, wanted)
    except (BadPath, served.NotServed):
        raise _absent() from None
    return Response(data, media_type="application/octet-stream", headers={"Cache-Control": _FOREVER})


@router.get("/v1/ledger/entries/{event_id}")
def entry(request: Request, event_id: str) -> dict[str, Any]:
    """An entry as logged (ids and commitments), its index, and how far it has come."""
    witnessed = request.app.state.log_policy.quorum != ["none"]
    try:
        with _store(request).reading() as connection:
            body, index, state = served.entry(connection, event_id, witnessed=witnessed)
    except proofs.UnknownEntry:
        raise _absent() from None
    return {"entry": json.loads(body), "index": index, "state": state}


@router.get("/v1/ledger/entries/{event_id}/proof", response_class=PlainTextResponse)
def entry_proof(request: Request, event_id: str) -> PlainTextResponse:
    """A self-contained proof that the entry is in the log, to be verified offline."""
    try:
        with _store(request).reading() as connection:
            proof = proofs.log_proof(connection, event_id)
    except proofs.UnknownEntry:
        raise _absent() from None
    except proofs.NotCovered:
        raise HTTPException(404, "E_NOT_YET_SIGNED", headers={**_NEVER, "Retry-After": "1"}) from None
    return PlainTextResponse(proof.text, headers={"Cache-Control": _BRIEFLY})


@router.get("/v1/ledger/proofs/consistency", response_class=PlainTextResponse)
def consistency(
    request: Request,
    old: Annotated[int, Query(alias="from", ge=0, le=_SIZE_MAX)],
    new: Annotated[int, Query(alias="to", ge=0, le=_SIZE_MAX)],
) -> PlainTextResponse:
    """That the tree of one size continues that of another: base64, one hash a line. The tiles suffice for it."""
    with _store(request).reading() as connection:
        signed = proofs.signed_size(connection)
        if not (signed and old <= new <= signed):
            raise _absent()
        steps = proofs.consistency(connection, old, new)
    text = "".join(b64encode(step).decode() + "\n" for step in steps)
    return PlainTextResponse(text, headers={"Cache-Control": _FOREVER})


@router.get("/v1/ledger/candidate", response_class=PlainTextResponse)
def candidate(request: Request) -> PlainTextResponse:
    """The note witnesses are asked to cosign now: signed, and perhaps not published yet."""
    with _store(request).reading() as connection:
        note = quorum.candidate(connection)
    if note is None:
        raise _absent()
    return PlainTextResponse(note, headers=_NEVER)


@router.get("/v1/ledger/candidate/request", response_class=PlainTextResponse)
async def candidate_request(
    request: Request,
    old: Annotated[int, Query(ge=0, le=_SIZE_MAX)],
    after: Annotated[int, Query(ge=0, le=_SIZE_MAX)] = 0,
    wait: Annotated[int, Query(ge=0, le=WITNESS_WAIT_S_MAX)] = 0,
) -> PlainTextResponse:
    """What a witness that remembers `old` is asked (C2SP `add-checkpoint`). Held while it is about size `after`."""
    try:
        size = await request.app.state.tide.other_candidate(after, wait)
    except Crowded:
        raise HTTPException(503, "E_UNAVAILABLE", headers={**_NEVER, "Retry-After": "1"}) from None
    if size is None:
        raise _absent()
    try:
        text = await run_in_threadpool(_asked, _store(request), old, size)
    except quorum.NoSuchCheckpoint:
        raise _absent() from None
    return PlainTextResponse(text, headers=_NEVER)


def _asked(store: Store, old: int, size: int) -> str:
    with store.reading() as connection:
        return quorum.request(connection, old, size)


@router.get("/v1/ledger/policy", response_class=PlainTextResponse)
def policy(request: Request) -> PlainTextResponse:
    """Whose cosignatures a published checkpoint bears (C2SP tlog-policy). Every log key named signs each checkpoint."""
    return PlainTextResponse(request.app.state.log_policy.text, headers={"Cache-Control": _BRIEFLY})


@router.get("/v1/ledger/health")
def health(request: Request) -> dict[str, int | bool | None]:
    """Backlog and the size each stage has reached; where a quorum is demanded, for how long it has been missing."""
    with _store(request).reading() as connection:
        reached: dict[str, int | bool | None] = {**served.health(connection)}
        if request.app.state.log_policy.quorum != ["none"]:
            reached |= standing.health(connection, request.app.state.ground.clock())
    return reached
