"""HTTP as the exchange speaks it: one logical call, however many tries. Knows no route and keeps no state of a trade.

Every POST bears an Idempotency-Key that is made once and sent again with each try, so a try whose answer was lost is
answered with what was done then.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4

import httpx2

Json = dict[str, Any]

TRIES_MAX = 6
FIRST_WAIT_S, WAIT_S_MAX = 0.1, 5.0
TRY_AGAIN = frozenset({429, 502, 503, 504})
ANSWER_TIMEOUT_S = 30.0


class Problem(Exception):
    """The exchange said no (RFC 9457): `code` is stable, `detail` a sentence, `subject` where it was recorded."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        reasons: tuple[str, ...] = (),
        subject: str = "",
        explanation: str = "",
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.status, self.code, self.detail = status, code, detail
        self.reasons, self.subject, self.explanation = reasons, subject, explanation

    @classmethod
    def of(cls, response: httpx2.Response) -> Self:
        """Whatever stands in the way (a proxy, a balancer) also gets a code, and none of its text is passed on."""
        read = _body(response)
        body = read if isinstance(read, dict) else {}
        code = body.get("code", body.get("detail"))
        if not isinstance(code, str) or not code.startswith("E_"):
            return cls(response.status_code, f"E_HTTP_{response.status_code}", "the answer is not of the exchange")
        return cls(
            response.status_code,
            code,
            str(body.get("detail", "")),
            reasons=tuple(map(str, body.get("reasons") or ())),
            subject=str(body.get("subject") or ""),
            explanation=str(body.get("explanation") or ""),
        )


class Unreachable(Exception):
    """No answer came, however often it was tried. What was asked may have been done: ask again with the same key."""


class TimedOut(Exception):
    """What was waited for is still under way. Nothing is lost; ask again later."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How waiting is done; a test gives its own."""

    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = field(default=random.random)

    def before(self, attempt: int) -> float:
        """Doubling, with jitter, so that a thousand clients do not come back in the same instant."""
        longest: float = min(FIRST_WAIT_S * 2**attempt, WAIT_S_MAX)
        return longest * (1 + self.jitter()) / 2


class Connection:
    """Requests to one exchange under one credential."""

    def __init__(
        self, base_url: str, credential: str | None, *, transport: httpx2.BaseTransport | None, patience: Patience
    ) -> None:
        headers = {"Authorization": f"Bearer {credential}"} if credential else {}
        self._patience = patience
        self._http = httpx2.Client(
            base_url=base_url, headers=headers, transport=transport, timeout=ANSWER_TIMEOUT_S, follow_redirects=False
        )

    def get(self, path: str) -> Json:
        return _object(self._sent(self._http.build_request("GET", path)))

    def raw(self, path: str) -> bytes:
        return self._sent(self._http.build_request("GET", path)).content

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> Json:
        headers = {"Idempotency-Key": key or str(uuid4())}
        return _object(self._sent(self._http.build_request("POST", path, json=body, headers=headers)))

    def pages(self, path: str) -> list[Any]:
        """A whole list: every page, by the `Link` to the next."""
        response = self._sent(self._http.build_request("GET", path))
        found = _list(response)
        while following := response.links.get("next", {}).get("url", ""):
            # A link elsewhere would carry the credential there.
            if not following.startswith("/") or following.startswith("//"):
                raise Problem(response.status_code, "E_ANSWER", "the next page is not on this exchange")
            response = self._sent(self._http.build_request("GET", following))
            found += _list(response)
        return found

    def until(self, asked: Callable[[], Any | None], *, deadline_s: float) -> Any | None:
        """Ask until there is something, ever more seldom, or until the deadline."""
        started, wait_s = self._patience.clock(), 0.02
        while True:
            found = asked()
            left_s = deadline_s - (self._patience.clock() - started)
            if found is not None or left_s <= 0:
                return found
            self._patience.sleep(min(wait_s, left_s))
            wait_s = min(wait_s * 1.5, 1.0)

    def close(self) -> None:
        self._http.close()

    def _sent(self, request: httpx2.Request) -> httpx2.Response:
        for attempt in range(TRIES_MAX):
            last = attempt == TRIES_MAX - 1
            try:
                response = self._http.send(request)
            except httpx2.TransportError:
                if last:
                    raise Unreachable("the exchange cannot be reached") from None
                self._patience.sleep(self._patience.before(attempt))
                continue
            if response.is_success:
                return response
            if response.status_code not in TRY_AGAIN or last:
                raise Problem.of(response)
            self._patience.sleep(max(_retry_after(response), self._patience.before(attempt)))
        raise Unreachable("the exchange cannot be reached")


def _retry_after(response: httpx2.Response) -> float:
    text = response.headers.get("retry-after", "")
    return min(float(text), WAIT_S_MAX) if text.isascii() and text.isdigit() else 0.0


def _object(response: httpx2.Response) -> Json:
    if not isinstance(body := _body(response), dict):
        raise Problem(response.status_code, "E_ANSWER", "the answer cannot be read")
    return body


def _list(response: httpx2.Response) -> list[Any]:
    if not isinstance(body := _body(response), list):
        raise Problem(response.status_code, "E_ANSWER", "the answer cannot be read")
    return body


def _body(response: httpx2.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
