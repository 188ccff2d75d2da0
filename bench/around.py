"""The least a ticket costs in a domain: through a real broker and RQ into the jail and back, around `SELECT 1`."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from redis import Redis

from bench.answering import LIMITS
from bench.figures import Figure, interleaved_ms
from exchange.dispatch import acl
from exchange.dispatch.broker import Broker, socket_path
from exchange.dispatch.queue import TicketQueue
from workers import queue
from workers.engines.duckdb import DuckDb

DOMAIN = "bench"
AROUND_MS = 15
_WAIT_S = 30
_SELECT = "SELECT 1 AS one"


def around_ms(folder: Path, rounds: int) -> dict[str, float]:
    """Medians: the jail alone, and from the moment a ticket is put until what it asks for was run."""
    rules = folder / "users.acl"
    password = acl.password(folder / "admin")
    acl.write(rules, acl.rules({}, admin=acl.hashed(password)))
    broker = Broker.start(folder / "broker", rules)
    try:
        broker.wait_ready()
        path = str(socket_path(folder / "broker"))
        with DuckDb({}, LIMITS) as engine:
            ran, stop = threading.Semaphore(0), threading.Event()

            def handle(_: str) -> None:
                engine.run(_SELECT, frozenset())
                ran.release()

            def worked() -> None:
                with Redis(unix_socket_path=path, username="admin", password=password) as connection:
                    queue.serve(handle, domain=DOMAIN, connection=connection, stop=stop)

            worker = threading.Thread(target=worked)
            worker.start()
            try:
                with Redis(unix_socket_path=path, username="admin", password=password) as connection:
                    through = _through(TicketQueue(connection, DOMAIN), ran)
                    return interleaved_ms(rounds, jail=lambda: engine.run(_SELECT, frozenset()), through=through)
            finally:
                stop.set()
                worker.join(_WAIT_S)
    finally:
        broker.stop()


def figures(told: dict[str, float]) -> list[Figure]:
    through = told["through"]
    return [
        Figure("SELECT 1 in the jail", f"{told['jail']:.1f} ms"),
        Figure("  through broker and RQ as well", f"{through:.1f} ms", f"≤ {AROUND_MS} ms", through <= AROUND_MS),
    ]


def _through(tickets: TicketQueue, ran: threading.Semaphore) -> Callable[[], None]:
    def put_and_wait() -> None:
        tickets.put(f"tkt_{time.monotonic_ns()}", "token")
        if not ran.acquire(timeout=_WAIT_S):
            raise RuntimeError("the ticket was not run")

    return put_and_wait
