"""The embedded market's processes: broker, exchange, one worker a domain. Starts them, finds them again, ends them.

Each is a process of the operating system with its own folder; this module holds none of their keys.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from exchange.dispatch import acl
from exchange.dispatch.broker import Broker, socket_path
from exchange.ledger import keeping
from exchange.settings import Settings

START_S = 30
One = TypeVar("One")
Other = TypeVar("Other")


class Processes:
    """A home folder and what runs in it."""

    def __init__(self, home: Path, *, port: int, behind_s: int, settings: Mapping[str, str] | None = None) -> None:
        self.home = home
        self._settings = dict(settings or {})
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._behind_s = behind_s
        self.broker: Broker | None = None
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._keys = home / "signer"
        for part in ("exchange/secrets", "signer", "broker", "domains", "wallets", "logs"):
            (home / part).mkdir(mode=0o700, parents=True, exist_ok=True)

    def start_broker(self) -> None:
        """The real server, on a socket in this home; its rules start with the admin alone, domains are let in later."""
        rules = self.home / "broker" / "users.acl"
        if not rules.exists():
            admin = acl.hashed(acl.password(self.home / "exchange" / "secrets" / "broker-admin"))
            acl.write(rules, acl.rules({}, admin=admin))
        self.broker = Broker.start(self.home / "broker" / "data", rules)
        self.broker.wait_ready()

    @property
    def broker_url(self) -> str:
        if self.broker is None:
            raise RuntimeError("the broker was not started")
        return f"unix://{socket_path(self.broker.folder)}"

    def start_signer(self) -> None:
        """The process that alone holds the log's keys and their guard, in a folder of its own."""
        if "signer" in self.running:
            return
        places = {"keys": self._keys / "secrets", "guard": self._keys / "guard", "socket": socket_path(self._keys)}
        words = [word for name, place in places.items() for word in (f"--{name}", str(place))]
        self._start("signer", ["-m", keeping.__name__, *words, "--origin", Settings.read().origin])
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.running["signer"].poll() is None:
            with suppress(keeping.SignerAway):
                vkeys = keeping.DistantKeys(places["socket"]).vkeys()
                (self.home / "exchange" / "secrets" / "log_vkeys").write_text("".join(f"{one}\n" for one in vkeys))
                return
            time.sleep(0.02)
        raise RuntimeError(f"the signer does not start; see {self.home / 'logs' / 'signer.log'}")

    def found_exchange(self, admin_sha256: str, name: str, uscc: str) -> str:
        """Make tables, the operator and its first key; answers with the key's id."""
        self.start_signer()
        options = {"admin-sha256": admin_sha256, "name": name, "uscc": uscc}
        words = [word for option, value in options.items() for word in (f"--{option}", value)]
        return self._said(["-m", "exchange", "found", *words])

    def start_exchange(self, name: str = "exchange", port: int = 0) -> None:
        """The API, ready when it says so; on PostgreSQL there may be several, each on a port of its own."""
        port = port or self._port
        self._start(name, ["-m", "exchange", "serve", "--port", str(port)])
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self.running[name].poll() is not None:
                break
            try:
                if httpx2.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200:
                    return
            except httpx2.HTTPError:
                pass
            time.sleep(0.05)
        raise RuntimeError(f"the exchange does not start; see {self.home / 'logs' / f'{name}.log'}")

    def start_part(self, part: str) -> None:
        """The sequencer or the dispatcher, which are processes of their own on PostgreSQL."""
        self._start(part, ["-m", "exchange", part])

    def start_worker(self, domain: str) -> None:
        """A domain's worker, ready when it says so."""
        process = self._start(f"worker-{domain}", ["-m", "workers", "run", str(self.domain(domain))], pipe=True)
        if process.stdout is None or process.stdout.readline().strip() != b"ready":
            raise RuntimeError(f"the worker of {domain} does not start; see {self.home / 'logs'}")

    def in_domain(self, *words: str) -> dict[str, Any]:
        """One command of a domain, run by its owner inside its folder; answers with the line it prints."""
        told: dict[str, Any] = json.loads(self._said(["-m", "workers", *words]).splitlines()[-1])
        return told

    def rehearse(self, behind_s: int) -> None:
        """What is started from now on runs this far behind real time; the exchange is told over HTTP."""
        self._behind_s = behind_s

    def export(self) -> Path:
        folder = self.home / "export"
        self._said(["-m", "exchange", "export", str(folder)])
        return folder

    def domain(self, name: str) -> Path:
        return self.home / "domains" / name

    def stop(self) -> None:
        """End the children, the last started first."""
        for process in reversed(self.running.values()):
            process.send_signal(signal.SIGTERM)
        for process in reversed(self.running.values()):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        if self.broker is not None:
            self.broker.stop()

    def resident_bytes(self) -> int:
        """What all processes together hold in memory, ourselves included (Linux; 0 elsewhere)."""
        own = [os.getpid(), *(process.pid for process in self.running.values())]
        pids = {*own, *([self.broker.pid] if self.broker else []), *(kid for pid in own for kid in _children(pid))}
        return sum(_resident(pid) for pid in pids)

    def _start(self, name: str, words: list[str], *, pipe: bool = False) -> subprocess.Popen[bytes]:
        with (self.home / "logs" / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(  # noqa: S603 - our own interpreter and our own modules.
                [sys.executable, *words],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipe else log,
                stderr=log,
                start_new_session=True,
            )
        return self.running[name]

    def _said(self, words: list[str]) -> str:
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own modules.
            [sys.executable, *words], env=self._environment(), capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words[:3])} failed: {done.stderr[-2_000:]}")
        return done.stdout.strip()

    def _environment(self) -> dict[str, str]:
        ours = {
            "DX_HOME": str(self.home / "exchange"),
            "DX_REDIS_URL": self.broker_url if self.broker else "",
            "DX_REHEARSAL_BEHIND_S": str(self._behind_s),
            "DX_SIGNER": str(socket_path(self._keys)),
        }
        return {**os.environ, **self._settings, **ours}


def _children(pid: int) -> list[int]:
    try:
        return [int(kid) for kid in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def at_once(does: Callable[[One], Other], ones: Iterable[One]) -> list[Other]:
    """For every domain at the same time: they are houses of their own."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(does, ones))
