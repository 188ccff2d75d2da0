"""The inbox of approvals as methods, one a route. Decides nothing; what is signed is signed inside the domain."""

from typing import Any
from urllib.parse import quote

from exchange.client.connection import Connection, Json
from exchange.wire.envelope import Envelope


class Approvals:
    """What waits for this participant's word, and what it waits for itself."""

    def __init__(self, http: Connection) -> None:
        self._http = http

    def waiting(self) -> list[Any]:
        """Those nobody has concluded yet."""
        return self._http.pages("/v1/approvals?state=REQUESTED&limit=200")

    def all(self) -> list[Any]:
        return self._http.pages("/v1/approvals?limit=200")

    def one(self, approval_id: str) -> Json:
        return self._http.get(f"/v1/approvals/{quote(approval_id, safe='')}")

    def approve(self, approval_id: str, envelope: Envelope | None = None) -> Json:
        """Say yes; where the provider's word must be signed, `envelope` is what its domain signed."""
        signed = {"envelope": envelope.model_dump(mode="json")} if envelope else None
        return self._do(approval_id, "approve", signed)

    def reject(self, approval_id: str, reason: str) -> Json:
        """Say no; whoever asked is shown the reason."""
        return self._do(approval_id, "reject", {"reason": reason})

    def delegate(self, approval_id: str, delegate_id: str) -> Json:
        """Let a colleague, or another participant, answer in the provider's place."""
        return self._do(approval_id, "delegate", {"delegate_id": delegate_id})

    def _do(self, approval_id: str, verb: str, ask: Json | None) -> Json:
        return self._http.post(f"/v1/approvals/{quote(approval_id, safe='')}:{verb}", ask)
