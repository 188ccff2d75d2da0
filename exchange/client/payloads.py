"""What facts say about persons, as methods, one a route. Keeps nothing of what it is shown."""

from urllib.parse import quote

from exchange.client.connection import Connection, Json


class Payloads:
    """For those who watch (opening) and those who may erase; nobody is ever shown a list."""

    def __init__(self, http: Connection) -> None:
        self._http = http

    def opened(self, event_id: str) -> Json:
        """The leaf, what it commits to, its salt and the proof, in base64."""
        return self._http.get(self._of(event_id))

    def erase(self, event_id: str, basis: str) -> Json:
        """Destroy content, salt and key, on a basis in law. The fact stays provable."""
        return self._http.post(f"{self._of(event_id)}:erase", {"basis": basis})

    @staticmethod
    def _of(event_id: str) -> str:
        return f"/v1/payloads/{quote(event_id, safe='')}/personal"
