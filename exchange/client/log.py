"""The log as it is served: checkpoints, keys, entries and proofs, as claimed. Verifies none of it."""

from typing import Any
from urllib.parse import quote

from exchange.client.connection import Connection, Json, Problem, TimedOut


class ServedLog:
    """The public part of one exchange's API; no credential is needed."""

    def __init__(self, http: Connection) -> None:
        self._http = http

    def checkpoint(self, size: int | None = None) -> str:
        """The newest signed note, or the one of a size."""
        return self._text("/ledger/checkpoint" if size is None else f"/ledger/checkpoint/{size}")

    def tile(self, path: str) -> bytes:
        return self._http.raw(f"/ledger/tile/{path}")

    def consistency(self, old: int, new: int) -> list[str]:
        """That the tree of one size continues that of another: hashes in base64."""
        return self._text(f"/v1/ledger/proofs/consistency?from={old}&to={new}").split()

    def vkeys(self) -> list[str]:
        """Those that sign now."""
        ends, keys = ("to_size", "trusted_until_size"), self._http.get("/v1/ledger/keys")["keys"]
        return [str(one["vkey"]) for one in keys if all(one.get(end) is None for end in ends)]

    def key_changes(self) -> list[Any]:
        """The entries that changed the keys, opened."""
        return list(self._http.get("/v1/ledger/keys").get("changes", ()))

    def entry(self, event_id: str) -> Json:
        return self._http.get(f"/v1/ledger/entries/{quote(event_id, safe='')}")

    def proof(self, event_id: str, *, deadline_s: float) -> str:
        """A self-contained proof, once a signed checkpoint covers the entry."""
        found: str | None = self._http.until(lambda: self._proof(event_id), deadline_s=deadline_s)
        if found is None:
            raise TimedOut("no signed checkpoint covers the entry yet")
        return found

    def _proof(self, event_id: str) -> str | None:
        try:
            return self._text(f"/v1/ledger/entries/{quote(event_id, safe='')}/proof")
        except Problem as problem:
            if problem.code == "E_NOT_YET_SIGNED":
                return None
            raise

    def _text(self, path: str) -> str:
        try:
            return self._http.raw(path).decode()
        except UnicodeDecodeError:
            raise Problem(200, "E_ANSWER", "the answer cannot be read") from None
