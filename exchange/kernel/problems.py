"""Errors as `application/problem+json` (RFC 9457): a stable code, a status, a sentence. Never what the caller sent."""

from typing import Any

import orjson
from fastapi import Response

from exchange.kernel.errors import (
    ExchangeError,
    Forbidden,
    Guarded,
    IllegalTransition,
    InsufficientFunds,
    KeyReused,
    LogStopped,
    Malformed,
    NotFound,
    RecordedRefusal,
    StaleVersion,
    Unauthenticated,
    Unavailable,
)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = "2"

STATUS: dict[type[ExchangeError], int] = {
    Malformed: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    IllegalTransition: 409,
    StaleVersion: 409,
    InsufficientFunds: 409,
    Guarded: 409,
    RecordedRefusal: 403,
    KeyReused: 422,
    LogStopped: 503,
    Unavailable: 503,
}
"""The one table from error to HTTP status."""


def problem(status: int, code: str, detail: str, **more: Any) -> Response:
    """A problem document. `type` is `urn:dx:problem:<code>`."""
    body = {"type": f"urn:dx:problem:{code}", "title": code, "status": status, "code": code, "detail": detail, **more}
    return Response(orjson.dumps(body), status_code=status, media_type=MEDIA_TYPE)


def problem_of(error: ExchangeError) -> Response:
    status = STATUS.get(type(error), 500)
    if isinstance(error, RecordedRefusal):
        more = {"reasons": list(error.reasons), "subject": error.subject}
        if error.explanation:
            more["explanation"] = error.explanation
        return problem(status, error.reason, error.detail, **more)
    # What is not there and what is not yours are told in the same words, whoever found out which it was.
    response = problem(status, error.reason, "no such thing" if isinstance(error, NotFound) else error.detail)
    if status == 503:
        response.headers["Retry-After"] = RETRY_AFTER_S
    return response
