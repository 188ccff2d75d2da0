"""Disputes as methods, one a route. Decides nothing; what the parties wrote to each other stays with them."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from exchange.client.connection import Connection, Json


class Disputes:
    """One participant's claims, and those against it; or, for an arbiter, everybody's."""

    def __init__(self, http: Connection) -> None:
        self._http = http

    def open(self, order_id: str, category: str, claim_fen: int, evidence_sha256: Sequence[str] = ()) -> Json:
        """Contest an order; `claim_fen` is what is claimed back."""
        ask = {"order_id": order_id, "category": category, "claim_fen": claim_fen, "evidence_sha256": evidence_sha256}
        return self._http.post("/v1/disputes", ask)

    def all(self) -> list[Any]:
        return self._http.pages("/v1/disputes?limit=200")

    def one(self, dispute_id: str) -> Json:
        return self._http.get(f"/v1/disputes/{quote(dispute_id, safe='')}")

    def respond(self, dispute_id: str, evidence_sha256: Sequence[str] = ()) -> Json:
        return self._do(dispute_id, "respond", {"evidence_sha256": evidence_sha256})

    def agree(self, dispute_id: str, refund_bp: int, terms_sha256: str) -> Json:
        """Propose terms, or conclude by proposing what the other party did."""
        return self._do(dispute_id, "agree", {"refund_bp": refund_bp, "terms_sha256": terms_sha256})

    def escalate(self, dispute_id: str) -> Json:
        return self._do(dispute_id, "escalate")

    def decide(self, dispute_id: str, *, outcome: str, refund_bp: int, fault: str, reasons_sha256: str) -> Json:
        """For arbiters; what is decided is enforced at once."""
        ask = {"outcome": outcome, "refund_bp": refund_bp, "fault": fault, "reasons_sha256": reasons_sha256}
        return self._do(dispute_id, "decide", ask)

    def withdraw(self, dispute_id: str) -> Json:
        return self._do(dispute_id, "withdraw")

    def _do(self, dispute_id: str, verb: str, ask: Mapping[str, Any] | None = None) -> Json:
        return self._http.post(f"/v1/disputes/{quote(dispute_id, safe='')}:{verb}", ask)
