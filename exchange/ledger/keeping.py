"""The holder of the log's keys as a process of its own, on a unix socket: three questions, one line each way.

It alone reads the key files and the guard. It has no database and no network; whoever asks for a signature brings the
proof that the tree continues the last one signed. Who may ask is decided by the kernel: the same user, nobody else.
"""

import argparse
import os
import secrets
import signal
import socket
import socketserver
import struct
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import structlog

from exchange.ledger.files import kept_secret, replace_secret
from exchange.ledger.guard import (
    ClockSteppedBack,
    ForkRefused,
    Guard,
    GuardedKeys,
    GuardLost,
    GuardMoved,
    Keyholder,
    Remembered,
)
from exchange.ledger.log_lines import log_lines
from exchange.wire import canonical
from exchange.wire.notes import Beside, Checkpoint, LogSigner
from exchange.wire.sm2 import Sm2Key

LINE_BYTES_MAX = 16_384
AHEAD_US = 300_000_000
"""A time this far ahead of the real one is refused: remembered, it would stop all signing until then."""
TIMEOUT_S = 5
NEXT = ".next"
KEY_FILES = ("log_key_ed25519", "log_key_mldsa44")
_REFUSALS: Mapping[str, type[Exception]] = MappingProxyType(
    {one.__name__: one for one in (ClockSteppedBack, ForkRefused, GuardLost, GuardMoved)}
)
log = structlog.get_logger()


class SignerAway(Exception):
    """The process with the keys does not answer, or not usefully. Ask again."""


class DistantKeys:
    """The keyholder behind a socket."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def vkeys(self) -> list[str]:
        return [str(one) for one in self._asked({"ask": "vkeys"})]

    def remembered(self) -> Remembered | None:
        told = self._asked({"ask": "remembered"})
        return None if told is None else Remembered(**{**told, "root": bytes.fromhex(told["root"])})

    def sign(self, old: int, proof: Sequence[bytes], new: Checkpoint, now_us: int) -> str:
        asked = {
            "ask": "sign",
            "now_us": now_us,
            "old": old,
            "origin": new.origin,
            "proof": [b64encode(step).decode() for step in proof],
            "root": new.root.hex(),
            "size": new.size,
        }
        return str(self._asked(asked))

    def _asked(self, question: dict[str, Any]) -> Any:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(TIMEOUT_S)
                line.connect(str(self._path))
                line.sendall(canonical.encode(question) + b"\n")
                answer = canonical.decode(line.makefile("rb").readline(LINE_BYTES_MAX).rstrip(b"\n"))
        except (OSError, canonical.NotCanonical):
            raise SignerAway("the signer does not answer") from None
        if "told" in answer:
            return answer["told"]
        raise _REFUSALS.get(answer["refused"], SignerAway)("the signer refuses")


class Desk(socketserver.ThreadingUnixStreamServer):
    """Answers one question a connection."""

    daemon_threads = True

    def __init__(self, path: Path, holder: Keyholder, clock: Callable[[], int]) -> None:
        self.holder, self._clock = holder, clock
        path.unlink(missing_ok=True)  # Left by one that was killed; two at once share the guard's lock.
        before = os.umask(0o177)
        try:
            super().__init__(str(path), _Question)
        finally:
            os.umask(before)

    def answer(self, line: bytes) -> dict[str, Any]:
        """What is told, or the name of the refusal. Whatever cannot be read is refused without a word why."""
        try:
            return {"told": self._told(canonical.decode(line))}
        except tuple(_REFUSALS.values()) as refused:
            told = log.info if isinstance(refused, GuardMoved) else log.critical
            told("log.signing_refused", error=type(refused).__name__)
            return {"refused": type(refused).__name__}
        except (ValueError, KeyError, TypeError, AttributeError):
            return {"refused": "Unreadable"}

    def _told(self, asked: Any) -> Any:
        match asked["ask"]:
            case "vkeys":
                return self.holder.vkeys()
            case "remembered":
                last = self.holder.remembered()
                known = ("at_us", "origin", "size")
                return last and {**{name: getattr(last, name) for name in known}, "root": last.root.hex()}
            case "sign":
                if asked["now_us"] > self._clock() + AHEAD_US:
                    raise ClockSteppedBack("the time asked for is ahead of the clock here")
                new = Checkpoint(asked["origin"], asked["size"], bytes.fromhex(asked["root"]))
                proof = [b64decode(step, validate=True) for step in asked["proof"]]
                return self.holder.sign(asked["old"], proof, new, asked["now_us"])
        raise KeyError("no such question")


class _Question(socketserver.StreamRequestHandler):
    timeout = TIMEOUT_S
    server: Desk

    def handle(self) -> None:
        peer = self.request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        if struct.unpack("3i", peer)[1] != os.getuid():
            return
        line = self.rfile.readline(LINE_BYTES_MAX)
        if line.endswith(b"\n"):
            self.wfile.write(canonical.encode(self.server.answer(line[:-1])) + b"\n")


def log_keys(folder: Path, origin: str, *, with_sm2: bool = False) -> LogSigner:
    """The log's two keys, each a 32-byte seed in a file of its own, made at the first asking; beside them, in a
    rotation, the two that come next, and SM2 where the operator wants it.
    """
    beside: list[Beside] = []
    if all((folder / f"{name}{NEXT}").exists() for name in KEY_FILES):
        beside.append(LogSigner(origin, *_seeds(folder, NEXT)))
    if with_sm2:
        beside.append(sm2_key(folder, origin))
    return LogSigner(origin, *_seeds(folder, ""), beside)


def sm2_key(folder: Path, origin: str) -> Sm2Key:
    """The domestic algorithm's key, made at the first asking. Raises `Sm2Missing` where the system cannot do it."""
    return Sm2Key(origin, bytes.fromhex(kept_secret(folder / "log_key_sm2", lambda: Sm2Key.generated().hex()).strip()))


def next_log_keys(folder: Path, origin: str) -> list[str]:
    """Make the two keys that come next; answers with their verifier keys. The signer takes them up when started."""
    return LogSigner(origin, *_seeds(folder, NEXT)).vkeys()


def promote(folder: Path) -> None:
    """The next keys become the log's; the old ones are overwritten where they lie. Safe to repeat when broken off."""
    for name in KEY_FILES:
        if (folder / f"{name}{NEXT}").exists():
            replace_secret(folder / name, folder / f"{name}{NEXT}")


def _seeds(folder: Path, suffix: str) -> tuple[bytes, bytes]:
    kept = [kept_secret(folder / f"{name}{suffix}", lambda: secrets.token_bytes(32).hex()) for name in KEY_FILES]
    return bytes.fromhex(kept[0].strip()), bytes.fromhex(kept[1].strip())


def main(arguments: Sequence[str]) -> None:
    """Serve until told to stop. What it was told to hold is all it will ever read."""
    parser = argparse.ArgumentParser(prog="signer")
    for name in ("keys", "guard", "socket"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--origin", required=True)
    parser.add_argument("--sm2", action="store_true")
    told = parser.parse_args(arguments)
    log_lines()
    os.umask(0o077)
    for folder in (told.keys, told.guard.parent, told.socket.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    holder = GuardedKeys(log_keys(told.keys, told.origin, with_sm2=told.sm2), Guard(told.guard))
    with Desk(told.socket, holder, lambda: time.time_ns() // 1_000) as desk:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        desk.serve_forever(0.5)


if __name__ == "__main__":
    main(sys.argv[1:])
