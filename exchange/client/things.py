"""Things of one kind as methods: made, listed, looked at, and one step further. The same for every slice.

Decides nothing; which steps there are, and what each wants, is the API's to say.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from exchange.client.connection import Connection, Json


class Things:
    """What lies under one prefix, such as `custody`, as far as the caller may see it."""

    def __init__(self, http: Connection, kind: str) -> None:
        self._http = http
        self._path = f"/v1/{kind}"

    def new(self, form: Mapping[str, Any]) -> Json:
        return self._http.post(self._path, form)

    def all(self) -> list[Any]:
        return self._http.pages(f"{self._path}?limit=200")

    def one(self, name: str) -> Json:
        return self._http.get(f"{self._path}/{quote(name, safe='')}")

    def part(self, name: str, part: str) -> Json:
        """What belongs to one of them, such as its content."""
        return self._http.get(f"{self._path}/{quote(name, safe='')}/{part}")

    def do(self, name: str, verb: str, form: Mapping[str, Any] | None = None) -> Json:
        """One step, such as `verify`."""
        return self._http.post(f"{self._path}/{quote(name, safe='')}:{quote(verb, safe='')}", form)
