"""The domain's only door: it calls the exchange, nobody calls it. What it says is a receipt, what it asks is public."""

import hashlib
import secrets
from base64 import b64decode
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
import orjson

from exchange.wire.envelope import Envelope

TIMEOUT_S = 20.0
PROBLEM = "application/problem+json"
_NOT_NOW = {401, 403, 408, 425, 429}
_STALE = b'"E_STALE_VERSION"'
"""Not about the receipt: others were quicker, each time the exchange tried."""
_HERE = {"127.0.0.1", "::1", "localhost"}


class Unreachable(Exception):
    """The exchange did not answer, or not usefully; try again later."""


class Door:
    """HTTP to the exchange under the node's API key."""

    def __init__(self, base_url: str, credential: str, transport: httpx2.BaseTransport | None = None) -> None:
        headers = {"authorization": f"Bearer {credential}"}
        # A proxy of the surroundings may lead out, never to an exchange on this very machine.
        outside = urlsplit(base_url).hostname not in _HERE
        self._http = httpx2.Client(
            base_url=base_url, headers=headers, timeout=TIMEOUT_S, transport=transport, trust_env=outside
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def report(self, ticket_id: str, body: bytes) -> bool:
        """Hand in a receipt; true when the exchange has taken note of it, be it with a no.

        A refused key may be mended and a page of something in between is no answer: then the receipt is kept.
        """
        response = self._call("POST", "/v1/receipts", content=body, key=f"receipt-{ticket_id}")
        if response.status_code < 300:
            return True
        coded = response.headers.get("content-type", "").startswith(PROBLEM)
        final = coded and 400 <= response.status_code < 500 and response.status_code not in _NOT_NOW
        return final and _STALE not in response.content

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The log's own proof that it only grew from one size to another; verified by whoever asked for it.

        A log that does not know these sizes proves nothing: the answer is then empty, and refused by who verifies.
        """
        response = self._call("GET", "/v1/ledger/proofs/consistency", params={"from": old, "to": new})
        if response.status_code == 404 and response.headers.get("content-type", "").startswith(PROBLEM):
            return []
        if response.status_code != 200:
            raise Unreachable("no proof")
        try:
            return [b64decode(line, validate=True) for line in response.text.split()]
        except ValueError:
            raise Unreachable("not a proof") from None

    def asked(self, old: int, after: int, wait_s: int) -> str:
        """What this domain, which remembers size `old`, is asked to cosign; empty while it is size `after`, or none."""
        asked = {"old": old, "after": after, "wait": wait_s}
        response = self._call("GET", "/v1/ledger/candidate/request", params=asked)
        if response.status_code not in (200, 404):
            raise Unreachable("no checkpoint")
        return response.text if response.status_code == 200 else ""

    def log_policy(self) -> str:
        """Whose cosignatures the exchange asks for, as it says."""
        response = self._call("GET", "/v1/ledger/policy")
        if response.status_code != 200:
            raise Unreachable("no policy")
        return response.text

    def key_changes(self) -> list[Any]:
        """The entries that changed the log's keys, as shown; whoever asked looks at their signatures."""
        return list(self._json("GET", "/v1/ledger/keys").get("changes", ()))

    def cosign(self, size: int, line: str) -> None:
        """Hand in a cosignature. What the exchange does not take now, it will not take later."""
        key = "cosign-" + hashlib.sha256(line.encode()).hexdigest()
        response = self._call(
            "POST", "/v1/ledger/cosignatures", content=orjson.dumps({"size": size, "line": line}), key=key
        )
        if response.status_code in _NOT_NOW or response.status_code >= 500:
            raise Unreachable("the cosignature was not taken")

    def checkpoint(self, order_id: str) -> list[str]:
        """Whom a running job may use from here on, by pseudonym; nobody once it has ended."""
        key = f"checkpoint-{secrets.token_hex(16)}"
        told = self._json("POST", f"/v1/orders/{order_id}:checkpoint", key=key)
        return [str(name) for name in told.get("cohort", ())]

    def licence(self, licence_id: str) -> dict[str, Any]:
        """A licence this domain is a party to, as the exchange shows it."""
        return self._json("GET", f"/v1/licences/{licence_id}")

    def offer(self, licence_id: str, envelope: Envelope) -> dict[str, Any]:
        """Hand in a licence signed by this domain's key."""
        body = orjson.dumps({"envelope": envelope.model_dump()})
        return self._json("POST", f"/v1/licences/{licence_id}:offer", content=body, key=f"offer-{envelope.digest}")

    def approval(self, approval_id: str) -> dict[str, Any]:
        """An approval this domain's provider is asked for, with what is to be signed."""
        return self._json("GET", f"/v1/approvals/{approval_id}")

    def approve(self, approval_id: str, envelope: Envelope) -> dict[str, Any]:
        """Hand in the provider's yes, signed by this domain's key."""
        body = orjson.dumps({"envelope": envelope.model_dump()})
        return self._json("POST", f"/v1/approvals/{approval_id}:approve", content=body, key=f"approve-{approval_id}")

    def _json(self, method: str, path: str, **call: Any) -> dict[str, Any]:
        response = self._call(method, path, **call)
        if response.status_code >= 400:
            raise Unreachable(f"the exchange answered {response.status_code}")
        try:
            answer: dict[str, Any] = response.json()
        except ValueError:
            raise Unreachable("the exchange's answer cannot be read") from None
        return answer

    def _call(self, method: str, path: str, *, key: str = "", **call: Any) -> httpx2.Response:
        headers = {"idempotency-key": key, "content-type": "application/json"} if key else {}
        try:
            return self._http.request(method, path, headers=headers, **call)
        except httpx2.HTTPError:
            raise Unreachable("the exchange does not answer") from None
