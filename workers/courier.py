"""Carries receipts to the exchange, as often as it takes. Idempotent on both sides: it may be killed any time.

Answers and refusals leave together on a coarse tick of the clock, so that the moment one leaves tells less of the data.
"""

import time
from threading import Event

import structlog

from workers.claims import Claims
from workers.door import Door, Unreachable

IDLE_S = 0.02
AWAY_S = 1.0
log = structlog.get_logger()


def deliver_once(claims: Claims, door: Door) -> int:
    """Deliver what waits; answers how many receipts the exchange took. Raises `Unreachable` if some still wait.

    One that is not taken does not hold up those behind it.
    """
    waiting = claims.undelivered()
    taken = [ticket_id for ticket_id, body in waiting if _delivered(claims, door, ticket_id, body)]
    if len(taken) < len(waiting):
        raise Unreachable("some were not taken")
    return len(taken)


def deliver_forever(claims: Claims, door: Door, stop: Event, wake: Event, *, tick_ms: int = 0) -> None:
    """Until `stop`; `wake` says that there is something new. With a `tick_ms` it waits for the clock's next tick."""
    while not stop.is_set():
        try:
            deliver_once(claims, door)
            wake.wait(IDLE_S * 10)
            # Cleared after the tick: what is finished while it is waited for leaves on this one.
            stop.wait(to_tick_ms(time.time_ns() // 1_000_000, tick_ms) / 1_000)
            wake.clear()
        except Unreachable:
            log.warning("receipt.waits")
            stop.wait(AWAY_S)


def to_tick_ms(now_ms: int, tick_ms: int) -> int:
    """How long until the next tick; no time at all where there are none."""
    return -now_ms % tick_ms if tick_ms else 0


def _delivered(claims: Claims, door: Door, ticket_id: str, body: bytes) -> bool:
    if not door.report(ticket_id, body):
        return False
    claims.delivered(ticket_id)
    return True
