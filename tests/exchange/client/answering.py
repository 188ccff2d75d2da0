"""An exchange that answers from a list, and a clock that only waiting moves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from exchange.client.api import Exchange
from exchange.client.connection import Patience

Answering = Callable[[httpx2.Request], httpx2.Response]
URL = "http://exchange.test"


@dataclass
class Waiting:
    """Sleeps nobody sleeps."""

    slept: list[float] = field(default_factory=list)

    @property
    def patience(self) -> Patience:
        return Patience(sleep=self.slept.append, clock=lambda: sum(self.slept), jitter=lambda: 1.0)


@dataclass
class Script:
    """Answers in turn, and keeps what was asked. An answer that is an exception is raised: the line broke."""

    answers: list[httpx2.Response | Exception]
    asked: list[httpx2.Request] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def exchange_of(answering: Answering, waiting: Waiting | None = None, credential: str | None = "dxk_x.y") -> Exchange:
    patience = (waiting or Waiting()).patience
    return Exchange(URL, credential, transport=httpx2.MockTransport(answering), patience=patience)


def said(status: int, body: Any, **headers: str) -> httpx2.Response:
    return httpx2.Response(
        status, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def problem(status: int, code: str, **more: Any) -> httpx2.Response:
    return said(status, {"status": status, "code": code, "detail": "a sentence", **more})
