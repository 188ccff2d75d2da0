"""One fact's whole way, broken off at every call to the system: append, place, guard, sign, publish, export.

A process that has everything loaded is forked for each try; strace is put on the fork and kills it, or fails the call,
at exactly one place. What is left is examined by somebody who knows only the files: database, guard, export, and what
the killed one had told the outside. Linux, strace.
"""

import logging
import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import small_log
from bench.sites import OnPostgres, OnSQLite, Site
from exchange.client.verify import VerificationRefused, verify_log
from exchange.ledger.proofs import newest_checkpoint
from exchange.ledger.store import Store

BEFORE = 254
"""Facts that are in the log already: the second one of the way fills a tile, the third begins the next."""
FACTS = 3
PATIENCE_S = 10
WATCHED = "%file,%desc,%network"
CALL = re.compile(r"^(\w+)\(", re.MULTILINE)
FILES = [
    "openat",
    "read",
    "pread64",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "rename",
    "mkdir",
    "ftruncate",
    "unlink",
    "close",
    "newfstatat",
]
FAILING = {**dict.fromkeys(FILES, "EIO"), "sendto": "ECONNRESET", "recvfrom": "ECONNRESET"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens at which occurrence of which call."""

    call: str
    nth: int
    kind: str

    @property
    def rule(self) -> str:
        what = "signal=SIGKILL" if self.kind == "kill" else f"error={self.kind}"
        return f"inject={self.call}:{what}:when={self.nth}"


def prepare(site: Site) -> None:
    """A log with its past, to be copied for each try."""
    site.home.mkdir()
    store = small_log.opened(site.url)
    small_log.write(store, [small_log.draft() for _ in range(BEFORE)])
    small_log.settle(store, site.home)
    store.close()


def faults(calls: Counter[str]) -> list[Fault]:
    kills = [Fault(call, nth, "kill") for call, count in calls.items() for nth in range(1, count + 1)]
    return [*kills, *(Fault(one.call, one.nth, FAILING[one.call]) for one in kills if one.call in FAILING)]


def calls_of_one_way(site: Site) -> Counter[str]:
    """Every call of an unbroken way, as often as it is made."""
    return Counter(CALL.findall(run(site, None)))


def run(site: Site, fault: Fault | None) -> str:
    """One try; answers with what strace saw."""
    trace = site.home / "trace"
    child = os.fork()
    if child == 0:
        _whole_way(site)
    os.waitpid(child, os.WUNTRACED)
    rules = ["-e", fault.rule] if fault else []
    command = ["strace", "-o", str(trace), "-e", f"trace={WATCHED}", *rules, "-p", str(child)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as watcher:  # noqa: S603
        told = watcher.stderr.readline() if watcher.stderr else ""
        os.kill(child, signal.SIGCONT if "attached" in told else signal.SIGKILL)
        _await_end(child)
        watcher.communicate()
    if "attached" not in told:
        raise RuntimeError("strace could not be put on the process")
    return trace.read_text()


def _await_end(child: int) -> None:
    """A call that failed may leave it waiting for an answer that never comes: somebody kills such a process at last."""
    until = time.monotonic() + PATIENCE_S
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.002)


def _whole_way(site: Site) -> None:
    """In the fork: never returns. What it tells the outside goes to two files, as a client would keep it."""
    try:
        logging.disable()
        os.kill(os.getpid(), signal.SIGSTOP)
        store = Store(site.url)
        for _ in range(FACTS):
            fact = small_log.draft()
            small_log.write(store, [fact])
            _tell(site.home / "acknowledged", f"{fact.entry.id}\n")
            small_log.settle(store, site.home)
            with store.reading() as connection:
                newest = newest_checkpoint(connection)
            _tell(site.home / f"shown-{fact.entry.id}", newest[1] if newest else "")
        store.close()
    finally:
        os._exit(0)  # Also when a call failed: whoever is left to look sees the files only.


def _tell(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def violations(site: Site) -> list[str]:
    """What is wrong with what was left, before and after somebody else goes on from there."""
    store = Store(site.url)
    wrong = lost(site)
    small_log.write(store, [small_log.draft()])
    small_log.settle(store, site.home)
    with store.reading() as connection:
        placed = list(connection.exec_driver_sql("SELECT idx, n FROM event_index ORDER BY idx"))
        events = list(connection.exec_driver_sql("SELECT n FROM event ORDER BY n").scalars())
        pending = connection.exec_driver_sql("SELECT count(*) FROM pending").scalar_one()
    store.close()
    if [idx for idx, _ in placed] != list(range(len(placed))) or sorted(n for _, n in placed) != events or pending:
        wrong.append("the entries are not the committed facts, each once and densely")
    for note in [None, *(path.read_text() for path in site.home.glob("shown-*") if path.stat().st_size)]:
        try:
            verify_log(site.home / "export", small_log.SIGNER.vkeys(), note)
        except VerificationRefused as refused:
            wrong.append(f"the log does not verify: {refused}")
    return wrong


def lost(site: Site) -> list[str]:
    """Whether something is gone that a caller was told of."""
    store = Store(site.url)
    with store.reading() as connection:
        facts = set(connection.exec_driver_sql("SELECT id FROM event").scalars())
    store.close()
    return [] if _acknowledged(site) <= facts else ["an acknowledged fact is gone"]


def _acknowledged(site: Site) -> set[str]:
    told = site.home / "acknowledged"
    # What was not told to its end was not told.
    return set(told.read_text().split("\n")[:-1]) if told.exists() else set()


def enumerated(sites: OnSQLite | OnPostgres, every: int = 1) -> Iterator[tuple[Fault, bool, list[str]]]:
    """Each fault (or every so-manieth of them), whether it was met, and what it broke."""
    template = sites.site("template")
    prepare(template)
    counted = sites.copy(template, "counted")
    for fault in faults(calls_of_one_way(counted))[::every]:
        site = sites.copy(template, f"{fault.kind}-{fault.call}-{fault.nth}".lower())
        trace = run(site, fault)
        met = "killed by SIGKILL" in trace if fault.kind == "kill" else "(INJECTED)" in trace
        yield fault, met, violations(site)
        sites.drop(site)
