"""A real market with one domain, opened to be measured: every process of its own, the clock at real time."""

import secrets
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from demo import forms
from demo.people import Member, sha256, staff, uscc
from demo.processes import Processes
from demo.sets import SPECS
from demo.story import DAY_S, Story
from exchange.client.api import Exchange

DOMAIN = "finance"
SQL = "SELECT grade, count(*) AS loans FROM loans GROUP BY grade"
PUBLICITY_S = 21 * DAY_S
DEPOSIT_FEN = 10_000_000_000
SETTINGS = {"DX_CADENCE_MS": "50", "DX_REQUESTS_PER_MINUTE": "100000000"}


@dataclass(frozen=True, slots=True)
class Market:
    """What is measured: the running processes, a buyer with money, and the order it places again and again."""

    processes: Processes
    buyer: Member
    ask: dict[str, Any]

    def looking(self) -> "closing[sqlite3.Connection]":
        """The exchange's database, to look at from outside while it runs: that costs the API nothing."""
        path = self.processes.home / "exchange" / "exchange.db"
        return closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None))

    def stop_worker(self) -> None:
        worker = self.processes.running[f"worker-{DOMAIN}"]
        worker.terminate()
        worker.wait(10)


@contextmanager
def opened(home: Path) -> Iterator[Market]:
    """From nothing to a licence signed by both, with the worker running."""
    with (home / "story.log").open("w") as told:
        processes = Processes(home, port=_free_port(), behind_s=PUBLICITY_S, settings=SETTINGS)
        try:
            story = _begun(processes, Console(file=told))
            try:
                yield _traded(processes, story)
            finally:
                _shut(story)
        finally:
            processes.stop()


def _shut(story: Story) -> None:
    for one in (*story.people.values(), *story.providers.values(), story.merchant, story.buyer):
        if one is not None:
            one.at.http.close()
    story.admin.http.close()


def _begun(processes: Processes, console: Console) -> Story:
    processes.start_broker()
    secret = secrets.token_urlsafe(32)
    key_id = processes.found_exchange(sha256(secret), "Data-element exchange", uscc(0))
    processes.start_exchange()
    admin = Exchange(processes.url, f"dxk_{key_id}.{secret}")
    return Story(processes, console, admin, staff(processes.url, admin), specs={DOMAIN: SPECS[DOMAIN]})


def _traded(processes: Processes, story: Story) -> Market:
    story.admission()
    story.registration()
    processes.rehearse(0)
    processes.start_worker(DOMAIN)
    story.grading()
    story.licensing()
    if story.buyer is None:
        raise RuntimeError("the story has no buyer")
    story.buyer.at.deposit(DEPOSIT_FEN, "bank-slip-bench")
    return Market(processes, story.buyer, forms.order(story.licences[DOMAIN], DOMAIN, SQL))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
