"""What an auditor may ask of the exchange, one method a route. What comes back is claimed, not proved."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from exchange.client.api import Exchange

PAGE = 200


class AuditDoor:
    """The routes under /v1/audit, with an auditor's credential."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._http = exchange.http

    def position(self) -> int:
        """How many facts are committed."""
        return int(self._http.get("/v1/audit/position")["facts"])

    def openings(self) -> Iterator[Any]:
        """Every fact a signed checkpoint covers, opened, in the order of the log."""
        after = -1
        while page := self._http.pages(f"/v1/audit/openings?after={after}&limit={PAGE}"):
            yield from page
            after += len(page)

    def book(self, view: str) -> list[Any]:
        """All rows of one book."""
        found: list[Any] = []
        while page := self._http.pages(f"/v1/audit/books/{view}?{_asked(after=found[-1]['id'] if found else '')}"):
            found += page
        return found

    def facts(self, **sought: str | int) -> list[Any]:
        """Facts by subject, party, type, time and refusal code: all of them."""
        found: list[Any] = []
        while page := self._http.pages(
            f"/v1/audit/facts?{_asked(**sought, after=found[-1]['index'] if found else -1)}"
        ):
            found += page
        return found

    def alerts(self) -> list[Any]:
        return self._http.pages("/v1/audit/alerts")

    def rules(self, digest: str) -> bytes:
        """The canonical content of a set of rules; its SHA-256 must be the digest."""
        return self._http.raw(f"/v1/audit/policies/{digest}")


def _asked(**words: str | int) -> str:
    return urlencode({**words, "limit": PAGE})
