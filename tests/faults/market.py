"""One market of real processes and real data that trades while it is killed, and what is seen of it from outside."""

import os
import secrets
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from sqlalchemy import create_engine

from demo import forms
from demo.__main__ import BEHIND_S, LEFT_BEHIND_S
from demo.people import sha256, staff, uscc
from demo.processes import Processes
from demo.queries import ANSWERED
from demo.sets import SPECS
from demo.story import Story
from exchange.client.api import Exchange
from exchange.client.connection import Problem, Unreachable

DOMAIN, PRICE_FEN, DEPOSIT_FEN = "logistics", 50_000, 5_000_000
SQL = ANSWERED[-1].sql
ORDERS = 8
LONG_S = 60
TRADED = {name: SPECS[name] for name in (DOMAIN, "finance")}
ENDS = {"result.delivered", "order.failed", "order.lapsed"}


class Market:
    """A market with two domains: one is at work, the other one's worker was never started."""

    def __init__(self, home: Path, database_url: str = "") -> None:
        self.database_url = database_url or f"sqlite:///{home / 'exchange' / 'exchange.db'}"
        settings = {"DX_DATABASE_URL": self.database_url}
        self.processes = Processes(home, port=free_port(), behind_s=BEHIND_S, settings=settings)
        self.parts = ("sequencer", "dispatch") if database_url else ()
        self.vkeys: list[str] = []
        self.ends: dict[str, str] = {}

    def open(self) -> None:
        self.processes.start_broker()
        secret = secrets.token_urlsafe(32)
        key_id = self.processes.found_exchange(sha256(secret), "Data-element exchange", uscc(0))
        for part in self.parts:
            self.processes.start_part(part)
        self.processes.start_exchange()
        admin = Exchange(self.processes.url, f"dxk_{key_id}.{secret}")
        with (self.processes.home / "logs" / "story.log").open("w") as told:
            people = staff(self.processes.url, admin)
            self.story = Story(self.processes, Console(file=told), admin, people, specs=TRADED)
            self.story.admission()
            self.story.registration()
            self.processes.rehearse(LEFT_BEHIND_S)
            self.story.grading()
            self.story.licensing()
        self.vkeys = admin.about()["log_vkeys"]
        self.processes.start_worker(DOMAIN)

    def close(self) -> None:
        self.processes.stop()
        story = self.story
        for one in (*story.people.values(), *story.providers.values(), story.merchant, story.buyer):
            if one is not None:
                one.at.http.close()
        story.admin.http.close()

    @property
    def buyer(self) -> Exchange:
        if self.story.buyer is None:
            raise RuntimeError("the market is not open")
        return self.story.buyer.at

    def order(self) -> str:
        """Place one order as somebody who expects the exchange to be killed: under a key of its own, until told."""
        ask, key = forms.order(self.story.licences[DOMAIN], DOMAIN, SQL), secrets.token_hex(16)
        deadline = time.monotonic() + LONG_S
        while True:
            try:
                return str(self.buyer.place_order(ask, key=key)["id"])
            except (Unreachable, Problem) as error:
                if time.monotonic() > deadline or (isinstance(error, Problem) and error.status != 503):
                    raise

    def ended(self, order_ids: list[str]) -> dict[str, dict[str, Any]]:
        """Each order once something came of it; what came of it is remembered for the end of all."""
        orders = {one: self.buyer.wait_for_order(one, deadline_s=LONG_S) for one in order_ids}
        self.ends |= {one: order["state"] for one, order in orders.items()}
        return orders

    def kill(self, name: str) -> None:
        process = self.processes.running.pop(name)
        process.kill()
        with process:
            process.wait()

    def kill_broker(self) -> None:
        broker = self.processes.broker
        if broker is None:
            raise RuntimeError("no broker runs")
        os.kill(broker.pid, signal.SIGKILL)
        broker.stop()

    def journal(self, query: str) -> list[tuple[Any, ...]]:
        return _read(self.processes.domain(DOMAIN) / "state.db", query)

    def unfinished(self) -> set[str]:
        """Orders whose ticket the domain has claimed and not concluded."""
        query = "SELECT order_id FROM claim WHERE ticket_id NOT IN (SELECT ticket_id FROM outbox)"
        return {str(row[0]) for row in self.journal(query)}

    def frozen_at_work(self, order_id: str) -> bool:
        """Hold the worker still between claiming a ticket and concluding it; False if it was done before."""
        done = f"SELECT 1 FROM claim JOIN outbox USING (ticket_id) WHERE order_id = '{order_id}'"
        until(lambda: self.unfinished() or self.journal(done))
        pid = self.processes.running[f"worker-{DOMAIN}"].pid
        os.kill(pid, signal.SIGSTOP)
        os.waitid(os.P_PID, pid, os.WSTOPPED)
        if self.unfinished():
            return True
        os.kill(pid, signal.SIGCONT)
        return False

    def ledger(self, query: str) -> list[tuple[Any, ...]]:
        engine = create_engine(self.database_url)
        try:
            with engine.connect() as connection:
                return [tuple(row) for row in connection.exec_driver_sql(query)]
        finally:
            engine.dispose()

    def all_is_dispatched(self) -> bool:
        """Whether the dispatcher has dealt with every fact there is."""
        query = "SELECT (SELECT count(*) FROM event) - 1 - idx FROM cursor WHERE follower = 'dispatch'"
        return self.ledger(query) == [(0,)]

    # What must hold whatever was killed.

    def what_came_of_each(self) -> dict[str, list[str]]:
        """The facts that end each of the buyer's orders."""
        orders = [order["id"] for order in self.buyer.orders()]
        return {one: [fact["type"] for fact in self.buyer.order_events(one) if fact["type"] in ENDS] for one in orders}

    def amounts(self) -> dict[str, int]:
        return {str(account): int(fen) for account, fen in self.ledger("SELECT id, amount_fen FROM balance")}


@contextmanager
def opened(home: Path, database_url: str = "") -> Iterator[Market]:
    """A market that trades, until the block ends."""
    market = Market(home, database_url)
    try:
        market.open()
        yield market
    finally:
        market.close()


def sum_of(amounts: dict[str, int], prefix: str) -> int:
    return sum(fen for account, fen in amounts.items() if account.startswith(prefix))


def until(there: Callable[[], Any]) -> None:
    deadline = time.monotonic() + LONG_S
    while not there():
        if time.monotonic() > deadline:
            raise TimeoutError("it does not come")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _read(database: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database, timeout=10)) as connection:
        return connection.execute(query).fetchall()
