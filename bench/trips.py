"""End to end: from POST /v1/orders until the domain's receipt is accepted, one order after another, stage by stage.

All sides share this machine's clock, so a stage ends where the exchange's own database says that it did.
"""

import sqlite3
import time
from dataclasses import dataclass

from bench.figures import Figure, percentile
from bench.market import Market

AIM_MS = 150
LOOK_S, WAIT_S = 0.001, 60.0
_TICKET = "SELECT i.idx FROM event e JOIN event_index i ON i.n = e.n WHERE e.subject = ? AND e.type = 'ticket.issued'"
_COVERED = "SELECT min(published_at) FROM checkpoint WHERE size > ?"
_RECEIVED = "SELECT at FROM event WHERE subject = ? AND type = 'result.delivered'"


@dataclass(frozen=True, slots=True)
class Trip:
    """One order's way, in milliseconds."""

    answer_ms: float
    logged_ms: float
    computed_ms: float
    received_ms: float

    @property
    def whole_ms(self) -> float:
        return self.answer_ms + self.logged_ms + self.computed_ms + self.received_ms


def trips(market: Market, orders: int) -> list[Trip]:
    """So many orders, each placed when the one before has its answer; a first one is not counted."""
    with market.looking() as database:
        _trip(market, database)
        return [_trip(market, database) for _ in range(orders)]


def figures(measured: list[Trip]) -> list[Figure]:
    whole = [trip.whole_ms for trip in measured]
    half, most = percentile(whole, 50), percentile(whole, 99)
    stages = {
        "the API answers": [trip.answer_ms for trip in measured],
        "the log: a signed checkpoint covers the ticket": [trip.logged_ms for trip in measured],
        "queue and domain: gate, jail, sealing": [trip.computed_ms for trip in measured],
        "the receipt: checked, paid for, committed": [trip.received_ms for trip in measured],
    }
    return [
        Figure(f"order to accepted receipt, p50 of {len(whole)}", f"{half:.0f} ms", f"≤ {AIM_MS} ms", half <= AIM_MS),
        Figure("the same, p99", f"{most:.0f} ms"),
        *(
            Figure(f"  {name}", f"{percentile(ms, 50):.1f} ms, {100 * sum(ms) / sum(whole):.0f} %")
            for name, ms in stages.items()
        ),
    ]


def _trip(market: Market, database: sqlite3.Connection) -> Trip:
    began = time.time()
    order_id = market.buyer.at.place_order(market.ask)["id"]
    answered = time.time()
    ended = _ended(database, order_id)
    index = database.execute(_TICKET, (order_id,)).fetchone()[0]
    covered = database.execute(_COVERED, (index,)).fetchone()[0] / 1e6
    received = database.execute(_RECEIVED, (order_id,)).fetchone()[0] / 1e6
    # A checkpoint may come before the answer has been read; then the log took no time that anybody waited.
    logged = max(covered, answered)
    return Trip(*(1e3 * s for s in (answered - began, logged - answered, received - logged, ended - received)))


def _ended(database: sqlite3.Connection, order_id: str) -> float:
    deadline = time.time() + WAIT_S
    while time.time() < deadline:
        state = database.execute("SELECT state FROM orders WHERE id = ?", (order_id,)).fetchone()
        if state is not None and state[0] == "DELIVERED":
            return time.time()
        if state is not None and state[0] not in ("PLACED", "TICKETED"):
            raise RuntimeError(f"the order ended {state[0]}")
        time.sleep(LOOK_S)
    raise RuntimeError("the order has no answer")
