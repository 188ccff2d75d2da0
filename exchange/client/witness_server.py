"""A witness over HTTP (C2SP tlog-witness): `POST /add-checkpoint`, `GET /<sha256 of the log's name>/checkpoint`.

Nothing else is answered. It reads no more than a request may have and waits for no slow one.
"""

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from exchange.client.witness import OwnWitness, WitnessRefused
from exchange.wire.notes import NOTE_CHARS_MAX
from exchange.wire.witnessing import Reply

BODY_BYTES_MAX = 2 * NOTE_CHARS_MAX
WAIT_S = 10.0
_PLACE = re.compile(r"/([0-9a-f]{64})/checkpoint", re.ASCII)


class WitnessServer(ThreadingHTTPServer):
    """Listening when made; serves when told."""

    daemon_threads = True

    def __init__(self, own: OwnWitness, host: str, port: int) -> None:
        self.own, self.witness = own, own.witness()
        super().__init__((host, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version, server_version, sys_version = "HTTP/1.1", "witness", ""
    timeout = WAIT_S
    server: WitnessServer

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if self.path != "/add-checkpoint":
            return self._answer(Reply(404), last=True)
        if not re.fullmatch(r"[0-9]{1,7}", length) or int(length) > BODY_BYTES_MAX:
            return self._answer(Reply(400), last=True)
        try:
            reply = self.server.witness.add_checkpoint(self.rfile.read(int(length)).decode())
        except UnicodeDecodeError:
            reply = Reply(400)
        except (OSError, WitnessRefused):
            reply = Reply(500)  # Nothing was vouched for; whoever owns the folder must look.
        return self._answer(reply)

    def do_GET(self) -> None:
        found = _PLACE.fullmatch(self.path)
        try:
            note = self.server.own.note(found[1]) if found else ""
        except WitnessRefused:
            return self._answer(Reply(500))
        return self._answer(Reply(200, note) if note else Reply(404))

    def _answer(self, reply: Reply, *, last: bool = False) -> None:
        body = reply.body.encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.media_type)
        self.send_header("Content-Length", str(len(body)))
        if last:  # Its body was not read, so no other request can follow on this connection.
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """What others send is not written down."""
