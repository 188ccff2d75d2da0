"""The domain's only door: it calls the exchange, nobody calls it. What it says is a receipt, what it asks is public."""

from base64 import b64decode
from types import TracebackType
from typing import Any, Self

import httpx2
import orjson

from exchange.wire.envelope import Envelope

TIMEOUT_S = 20.0


class Unreachable(Exception):
    """The exchange did not answer, or not usefully; try again later."""


class Door:
    """HTTP to the exchange under the node's API key."""

    def __init__(self, base_url: str, credential: str, transport: httpx2.BaseTransport | None = None) -> None:
        headers = {"authorization": f"Bearer {credential}"}
        self._http = httpx2.Client(base_url=base_url, headers=headers, timeout=TIMEOUT_S, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def report(self, ticket_id: str, body: bytes) -> bool:
        """Hand in a receipt; true when the exchange has taken note of it, be it with a no."""
        response = self._call("POST", "/v1/receipts", content=body, key=f"receipt-{ticket_id}")
        return response.status_code < 500 and response.status_code not in (408, 425, 429)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The log's own proof that it only grew from one size to another; verified by whoever asked for it."""
        response = self._call("GET", "/v1/ledger/proofs/consistency", params={"from": old, "to": new})
        if response.status_code != 200:
            raise Unreachable("no proof")
        return [b64decode(line) for line in response.text.split()]

    def licence(self, licence_id: str) -> dict[str, Any]:
        """A licence this domain is a party to, as the exchange shows it."""
        return self._json("GET", f"/v1/licences/{licence_id}")

    def offer(self, licence_id: str, envelope: Envelope) -> dict[str, Any]:
        """Hand in a licence signed by this domain's key."""
        body = orjson.dumps({"envelope": envelope.model_dump()})
        return self._json("POST", f"/v1/licences/{licence_id}:offer", content=body, key=f"offer-{licence_id}")

    def _json(self, method: str, path: str, **call: Any) -> dict[str, Any]:
        response = self._call(method, path, **call)
        if response.status_code >= 400:
            raise Unreachable(f"the exchange answered {response.status_code}")
        answer: dict[str, Any] = response.json()
        return answer

    def _call(self, method: str, path: str, *, key: str = "", **call: Any) -> httpx2.Response:
        headers = {"idempotency-key": key, "content-type": "application/json"} if key else {}
        try:
            return self._http.request(method, path, headers=headers, **call)
        except httpx2.HTTPError:
            raise Unreachable("the exchange does not answer") from None
