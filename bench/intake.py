"""How many orders a second the API accepts, decided, held, ticketed and durable, with the log on; and what a disk can.

The domain's worker rests meanwhile: it would be a machine of its own. Clients, broker and exchange share this one.
"""

import http.client
import json
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from bench.figures import Figure
from bench.market import Market

AIM_PER_S = 300
CLIENTS = 8
ORDERS_MAX = 4_500
"""The licence allows 5,000."""


def orders_per_s(market: Market, seconds: float, clients: int = CLIENTS) -> float:
    """Orders accepted by a few clients that each wait for their answer."""
    until = time.monotonic() + seconds
    began = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        counts = pool.map(lambda _: _orders(market, until, ORDERS_MAX // clients), range(clients))
        accepted = sum(counts)
    return accepted / (time.monotonic() - began)


def commits_per_s(folder: Path, seconds: float) -> float:
    """One small row a commit into a SQLite file with the manners of the exchange's own."""
    with closing(sqlite3.connect(folder / "commits.db", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE row (n INTEGER PRIMARY KEY, body BLOB)")
        body = bytes(200)
        return _per_s(lambda: database.execute("INSERT INTO row (body) VALUES (?)", (body,)), seconds)


def syncs_per_s(folder: Path, seconds: float) -> float:
    """One appended page a `fdatasync`."""
    page = bytes(4_096)
    with (folder / "syncs").open("wb", buffering=0) as file:

        def sync() -> None:
            file.write(page)
            os.fdatasync(file.fileno())

        return _per_s(sync, seconds)


def figures(accepted: float, commits: float, syncs: float) -> list[Figure]:
    cores = os.cpu_count()
    return [
        Figure(
            f"orders accepted, log on, {CLIENTS} clients, {cores} cores",
            f"{accepted:.0f}/s",
            f"≥ {AIM_PER_S}/s",
            accepted >= AIM_PER_S,
        ),
        Figure("peer: raw SQLite, one row a durable commit", f"{commits:.0f}/s"),
        Figure("peer: fdatasync of one page", f"{syncs:.0f}/s"),
        Figure("an order costs as much as", f"{commits / accepted:.1f} raw commits"),
    ]


def _orders(market: Market, until: float, orders_max: int) -> int:
    """A plain client on one kept connection: it shall cost these cores as little as it can."""
    address, accepted = urlsplit(market.processes.url).netloc, 0
    headers = {"Authorization": f"Bearer {market.buyer.wallet.credential}", "Content-Type": "application/json"}
    body = json.dumps(market.ask)
    with closing(http.client.HTTPConnection(address, timeout=60)) as connection:
        while time.monotonic() < until and accepted < orders_max:
            connection.request("POST", "/v1/orders", body, {**headers, "Idempotency-Key": uuid4().hex})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 202:
                raise RuntimeError(f"an order was answered {answer.status}")
            accepted += 1
    return accepted


def _per_s(does: Callable[[], object], seconds: float) -> float:
    began, done = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        does()
        done += 1
    return done / passed
