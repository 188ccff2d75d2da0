"""A worker told to end: what it computes it finishes, what it only took goes back into the queue."""

from typing import Any

import pytest
from fakeredis import FakeServer, FakeStrictRedis

from exchange.dispatch.queue import TicketQueue
from workers import queue
from workers.stopping import Stop, Stopping


@pytest.fixture
def redis() -> Any:
    return FakeStrictRedis(server=FakeServer())


def test_told_while_it_waits_it_ends_at_once() -> None:
    stop = Stop()

    with pytest.raises(Stopping):
        stop.tell()
    assert stop.event.is_set()


def test_told_while_it_computes_it_finishes_its_ticket_and_takes_no_more(redis: Any) -> None:
    stop, done = Stop(), list[str]()
    tickets = TicketQueue(redis, "hosp1")
    for number in (1, 2):
        tickets.put(f"tkt_{number}", f"ticket {number}")

    def handle(token: str) -> None:
        stop.tell()
        done.append(token)

    queue.serve(stop.sparing(handle), domain="hosp1", connection=redis, stop=stop.event)

    assert done == ["ticket 1"]
    assert tickets.waiting() == 1


def test_told_while_a_ticket_waits_for_the_exchange_the_ticket_is_there_for_the_next_worker(redis: Any) -> None:
    stop, done = Stop(), list[str]()
    TicketQueue(redis, "hosp1").put("tkt_1", "ticket 1")

    def wait(token: str) -> None:
        stop.tell()
        raise Stopping

    with pytest.raises(Stopping):
        queue.serve(stop.sparing(wait), domain="hosp1", connection=redis, stop=stop.event)
    queue.serve(done.append, domain="hosp1", connection=redis, burst=True)

    assert done == ["ticket 1"]
