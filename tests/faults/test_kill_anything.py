"""Whatever process of a running market is killed in mid-trade, every order ends once and no fen goes missing.

Real processes, real data, SIGKILL. What must come of each order is read from the domain's own journal, not from luck.
"""

import os
import secrets
import signal
import socket
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from demo import forms
from demo.__main__ import BEHIND_S, LEFT_BEHIND_S
from demo.people import sha256, staff, uscc
from demo.processes import Processes
from demo.queries import ANSWERED
from demo.story import Story
from exchange.client.api import Exchange
from exchange.client.connection import Unreachable
from exchange.client.verify import verify_log

DOMAIN, PRICE_FEN, DEPOSIT_FEN = "logistics", 50_000, 5_000_000
SQL = ANSWERED[-1].sql
ORDERS = 8
LONG_S = 60
ENDS = {"result.delivered", "order.failed", "order.lapsed"}


class Market:
    """One market that trades, and what is seen of it from outside."""

    def __init__(self, home: Path) -> None:
        self.processes = Processes(home, port=_free_port(), behind_s=BEHIND_S)
        self.vkeys: list[str] = []
        self.ends: dict[str, str] = {}

    def open(self) -> None:
        self.processes.start_broker()
        secret = secrets.token_urlsafe(32)
        key_id = self.processes.found_exchange(sha256(secret), "Data-element exchange", uscc(0))
        self.processes.start_exchange()
        admin = Exchange(self.processes.url, f"dxk_{key_id}.{secret}")
        with (self.processes.home / "logs" / "story.log").open("w") as told:
            self.story = Story(self.processes, Console(file=told), admin, staff(self.processes.url, admin))
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
            except Unreachable:
                if time.monotonic() > deadline:
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
        _until(lambda: self.unfinished() or self.journal(done))
        pid = self.processes.running[f"worker-{DOMAIN}"].pid
        os.kill(pid, signal.SIGSTOP)
        os.waitid(os.P_PID, pid, os.WSTOPPED)
        if self.unfinished():
            return True
        os.kill(pid, signal.SIGCONT)
        return False

    def ledger(self, query: str) -> list[tuple[Any, ...]]:
        return _read(self.processes.home / "exchange" / "exchange.db", query)


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    with tempfile.TemporaryDirectory(prefix="dx_", ignore_cleanup_errors=True) as home:
        opened = Market(Path(home))
        try:
            opened.open()
            yield opened
        finally:
            opened.close()


def test_a_worker_killed_while_it_computes_says_so_and_the_buyer_has_its_money_back(market: Market) -> None:
    placed = [market.order()]
    while not market.frozen_at_work(placed[-1]):
        placed.append(market.order())
    placed += [market.order() for _ in range(ORDERS)]

    market.kill(f"worker-{DOMAIN}")
    lost = market.unfinished()
    market.processes.start_worker(DOMAIN)
    orders = market.ended(placed)

    assert len(lost) == 1
    assert {one for one, order in orders.items() if order["state"] == "FAILED"} == lost
    assert {orders[one]["refusal"] for one in lost} == {"INTERRUPTED"}
    assert all(orders[one]["price_fen"] == 0 for one in lost)
    assert {orders[one]["state"] for one in set(placed) - lost} == {"DELIVERED"}


def test_no_ticket_is_lost_or_run_twice_when_the_broker_is_killed(market: Market) -> None:
    placed = [market.order() for _ in range(ORDERS)]

    market.kill_broker()
    placed += [market.order() for _ in range(2)]
    market.processes.start_broker()
    orders = market.ended(placed)

    assert {order["state"] for order in orders.values()} == {"DELIVERED"}


def test_an_exchange_killed_while_it_takes_orders_takes_each_once(market: Market) -> None:
    with ThreadPoolExecutor(2) as pool:
        asked: list[Future[str]] = [pool.submit(market.order) for _ in range(ORDERS)]
        asked[1].result()

        market.kill("exchange")
        market.processes.start_exchange()
        placed = [one.result() for one in asked]
    orders = market.ended(placed)

    assert len(set(placed)) == ORDERS
    assert {order["state"] for order in orders.values()} == {"DELIVERED"}


def test_after_all_that_nothing_happened_twice(market: Market) -> None:
    mine = {order["id"]: order["state"] for order in market.buyer.orders()}
    ends = {one: [fact["type"] for fact in market.buyer.order_events(one) if fact["type"] in ENDS] for one in mine}

    assert mine == market.ends
    assert all(len(what) == 1 for what in ends.values())
    assert sorted(row[0] for row in market.journal("SELECT order_id FROM claim")) == sorted(mine)


def test_after_all_that_the_books_balance_to_the_fen(market: Market) -> None:
    sold = sum(state == "DELIVERED" for state in market.ends.values())
    amounts = {str(account): int(fen) for account, fen in market.ledger("SELECT id, amount_fen FROM balance")}
    escrow = market.buyer.escrow()

    assert sum(amounts.values()) == 0
    assert _sum_of(amounts, "held:") == 0
    assert _sum_of(amounts, "accrued:") + _sum_of(amounts, "payable:") == sold * PRICE_FEN
    assert escrow["available_fen"] == DEPOSIT_FEN - sold * PRICE_FEN


def test_after_all_that_the_log_verifies_from_its_exported_files(market: Market) -> None:
    report = verify_log(market.processes.export(), market.vkeys)

    assert report.size > 0


def _until(there: Any) -> None:
    deadline = time.monotonic() + LONG_S
    while not there():
        if time.monotonic() > deadline:
            raise TimeoutError("it does not come")


def _read(database: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database, timeout=10)) as connection:
        return connection.execute(query).fetchall()


def _sum_of(amounts: dict[str, int], prefix: str) -> int:
    return sum(fen for account, fen in amounts.items() if account.startswith(prefix))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
