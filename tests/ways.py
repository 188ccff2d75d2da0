"""The ways between the parties of a market in one process: to the application, and to a domain's queue."""

from typing import Self

import httpx2
from fastapi.testclient import TestClient

from exchange.access.nodes import NodeRegistered


class Bridge(httpx2.BaseTransport):
    """Carries a client's requests into the application of a `TestClient`."""

    def __init__(self, door: TestClient) -> None:
        self._door = door

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        given = {"content": request.read(), "headers": request.headers, "follow_redirects": False}
        answer = self._door.request(request.method, str(request.url), **given)
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)


class Queues:
    """The ways to all domains without a broker: what was put and nobody took yet."""

    def __init__(self) -> None:
        self.let: list[str] = []
        self.waiting: dict[str, str] = {}

    def let_in(self, registered: NodeRegistered) -> None:
        self.let.append(registered.domain)

    def queue_of(self, domain: str) -> Self:
        return self

    def holds(self, ticket_id: str) -> bool:
        return ticket_id in self.waiting

    def put(self, ticket_id: str, token: str) -> bool:
        return self.waiting.setdefault(ticket_id, token) is token
