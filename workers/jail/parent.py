"""The worker's end of the jail: starts the zygote, keeps the deadline and the size cap, kills what overstays.

It believes nothing that comes out: bytes are counted here, and time is measured here.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, NamedTuple

from workers.jail import enclosure, landlock

_PACKAGES = Path(__file__).resolve().parents[2]
_MESSAGE_MAX = 128 * 1024
_START_S = 30
_REPORT_S = 5
_CHUNK = 1 << 16


class JailUnavailable(Exception):
    """This machine cannot confine a query, so none is run. The word says which lock did not close."""

    code: ClassVar = "JAIL_UNAVAILABLE"


class ZygoteGone(Exception):
    """The zygote is dead; the query's fate is unknown, and nothing of it was answered."""


class Ending(StrEnum):
    TIMEOUT = "TIMEOUT"
    OUTPUT_TOO_LARGE = "OUTPUT_TOO_LARGE"
    FAILED = "FAILED"


class Ended(Exception):
    """The query was stopped from outside, or died without a word."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.value)
        self.ending = ending


class Inmate(NamedTuple):
    """Who a query runs as when the worker is root. Nobody, unless the domain is configured otherwise."""

    uid: int
    gid: int


NOBODY = Inmate(uid=65534, gid=65534)


class Zygote:
    """One running zygote. Dropped, not mended: after `ZygoteGone` the owner starts another."""

    def __init__(self, tables: Mapping[str, Path], inmate: Inmate) -> None:
        bwrap = _bwrap()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = _started(theirs.fileno()) if bwrap is None else _enclosed(bwrap, theirs.fileno(), tables)
        paths = {table: str(path) for table, path in tables.items()} if bwrap is None else enclosure.seen(tables)
        self._greet({"tables": paths, "uid": inmate.uid, "gid": inmate.gid, "enclosed": bwrap is not None})

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, question: Mapping[str, object], *, wall_s: int, output_bytes: int) -> bytes:
        """One fork, one answer. Raises `Ended` or `ZygoteGone`; the child is dead when this returns."""
        deadline = time.monotonic() + wall_s
        message = json.dumps(question).encode()
        if len(message) > _MESSAGE_MAX:
            raise Ended(Ending.FAILED)
        answer_from, answer_to = os.pipe()
        report, report_to = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._hand_over(message, answer_to, report_to)
            with _grip(report, deadline):
                frame = _read(answer_from, deadline, output_bytes)
            if frame.endswith(b"\n"):
                return frame
            raise Ended(_ending(report))
        finally:
            os.close(answer_from)
            report.close()

    def close(self) -> None:
        """Closing the socket is the order to stop; the zygote takes its children with it."""
        self._control.close()
        try:
            self._process.wait(timeout=_REPORT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _hand_over(self, message: bytes, answer_to: int, report_to: socket.socket) -> None:
        """One message is one packet, so two threads may ask at once. The ends given away are not kept here."""
        try:
            socket.send_fds(self._control, [message], [answer_to, report_to.fileno()])
        except OSError:
            raise ZygoteGone from None
        finally:
            os.close(answer_to)
            report_to.close()

    def _greet(self, setup: Mapping[str, object]) -> None:
        self._control.settimeout(_START_S)
        try:
            self._control.send(json.dumps(setup).encode())
            reply = json.loads(self._control.recv(_CHUNK) or b'{"unavailable": "ZYGOTE"}')
        except OSError:
            reply = {"unavailable": "ZYGOTE"}
        self._control.settimeout(None)
        if reply:
            self.close()
            raise JailUnavailable(str(reply["unavailable"]))


def _bwrap() -> str | None:
    """Bubblewrap, where the kernel has no Landlock; nothing, where it has."""
    if landlock.version() >= 1:
        return None
    found = shutil.which("bwrap")
    if found is None:
        raise JailUnavailable("NO_LANDLOCK")
    return found


def _started(control: int) -> subprocess.Popen[bytes]:
    return _popen([sys.executable, "-E", "-s", "-B", "-m", "workers.jail.zygote", str(control)], control)


def _enclosed(bwrap: str, control: int, tables: Mapping[str, Path]) -> subprocess.Popen[bytes]:
    with open(os.memfd_create("walls"), "w+b", buffering=0) as told:
        told.write("".join(f"{part}\0" for part in enclosure.walls(tables)).encode())
        told.seek(0)
        return _popen([bwrap, "--args", str(told.fileno()), "--", *enclosure.inside(control)], control, told.fileno())


def _popen(command: Sequence[str], *passed: int) -> subprocess.Popen[bytes]:
    """The environment is empty and every descriptor but those passed is closed: there is nothing in it to steal."""
    quiet = subprocess.DEVNULL
    return subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
        command, env={}, cwd=_PACKAGES, pass_fds=passed, stdin=quiet, stdout=quiet, stderr=quiet
    )


@contextlib.contextmanager
def _grip(report: socket.socket, deadline: float) -> Iterator[None]:
    """A hold on the child that no reuse of its number can fool; whatever happens inside, it is killed at the end."""
    _wait(report.fileno(), deadline)
    message, passed, _, _ = socket.recv_fds(report, 1, 1)
    if not message:
        raise ZygoteGone
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(passed[0], signal.SIGKILL)
        os.close(passed[0])


def _read(source: int, deadline: float, bytes_max: int) -> bytes:
    """Everything until the child closes its end, unless it is too much or too late."""
    frame = bytearray()
    while True:
        _wait(source, deadline)
        chunk = os.read(source, _CHUNK)
        if not chunk:
            return bytes(frame)
        frame += chunk
        if len(frame) > bytes_max:
            raise Ended(Ending.OUTPUT_TOO_LARGE)


def _ending(report: socket.socket) -> Ending:
    """How a child that left no whole answer came to its end, as the zygote saw it."""
    report.settimeout(_REPORT_S)
    try:
        status = report.recv(16)
    except TimeoutError:
        return Ending.FAILED
    if not status:
        raise ZygoteGone
    return Ending.TIMEOUT if int(status) == -signal.SIGXCPU else Ending.FAILED


def _wait(descriptor: int, deadline: float) -> None:
    remaining_ms = max(0, int((deadline - time.monotonic()) * 1000))
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if not poll.poll(remaining_ms):
        raise Ended(Ending.TIMEOUT)
