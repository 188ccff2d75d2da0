"""A domain's worker: what it makes of a ticket, a failure, a stop, and a death."""

import inspect
import re
import socket
import threading
import time
from typing import Any

import pytest
import rq.serializers
from fakeredis import FakeServer, FakeStrictRedis
from rq import Queue, SimpleWorker
from rq.job import Job

from exchange.dispatch.queue import TicketQueue
from workers import narrowed, queue

JOB = "dx:hosp1:job:hosp1-"
HELD = "dx:hosp1:queue:tickets:held:1"


@pytest.fixture
def redis() -> Any:
    return FakeStrictRedis(server=FakeServer())


@pytest.fixture
def tickets(redis: Any) -> TicketQueue:
    return TicketQueue(redis, "hosp1")


def served(redis: Any) -> list[str]:
    tokens: list[str] = []
    queue.serve(tokens.append, domain="hosp1", connection=redis, burst=True)
    return tokens


def test_a_ticket_that_fails_does_not_stop_the_next(redis: Any, tickets: TicketQueue) -> None:
    tickets.put("tkt_1", "bad")
    tickets.put("tkt_2", "good")
    done: list[str] = []

    def handle(token: str) -> None:
        if token == "bad":
            raise ValueError
        done.append(token)

    queue.serve(handle, domain="hosp1", connection=redis, burst=True)

    assert done == ["good"]
    assert redis.hget(f"{JOB}1", "code") == b"failed"
    assert redis.hget(f"{JOB}2", "code") == b"done"


def test_a_ticket_past_its_time_is_ended_and_called_late(redis: Any, tickets: TicketQueue) -> None:
    tickets.put("tkt_1", "slow")

    queue.serve(lambda token: time.sleep(60), domain="hosp1", connection=redis, burst=True, timeout_s=1)

    assert redis.hget(f"{JOB}1", "code") == b"late"


def test_what_a_dead_worker_held_is_served_again_and_first(redis: Any, tickets: TicketQueue) -> None:
    for number in (1, 2, 3):
        tickets.put(f"tkt_{number}", f"ticket {number}")
    for _ in (1, 2):
        redis.lmove("dx:hosp1:queue:tickets", HELD)

    assert served(redis) == ["ticket 1", "ticket 2", "ticket 3"]
    assert redis.llen(HELD) == 0


def test_a_ticket_that_ends_the_process_each_time_is_given_up(redis: Any, tickets: TicketQueue) -> None:
    tickets.put("tkt_1", "deadly")
    tickets.put("tkt_2", "good")
    tokens: list[str] = []

    def handle(token: str) -> None:
        tokens.append(token)
        if token == "deadly":
            raise SystemExit

    for _ in range(queue.STARTS_MAX):
        with pytest.raises(SystemExit):
            queue.serve(handle, domain="hosp1", connection=redis, burst=True)
    queue.serve(handle, domain="hosp1", connection=redis, burst=True)

    assert tokens == ["deadly"] * queue.STARTS_MAX + ["good"]
    assert redis.hget(f"{JOB}1", "code") == b"abandoned"


def test_a_worker_told_to_stop_finishes_what_it_has_and_takes_no_more(redis: Any, tickets: TicketQueue) -> None:
    stop, done = threading.Event(), list[str]()
    tickets.put("tkt_1", "first")
    tickets.put("tkt_2", "second")

    def handle(token: str) -> None:
        stop.set()
        done.append(token)

    queue.serve(handle, domain="hosp1", connection=redis, stop=stop)

    assert done == ["first"]
    assert tickets.waiting() == 1


def test_a_worker_may_live_in_a_thread(redis: Any, tickets: TicketQueue) -> None:
    stop, done = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=queue.serve_forever,
        args=(lambda token: done.set(),),
        kwargs={"domain": "hosp1", "connection": redis, "stop": stop},
    )
    thread.start()
    tickets.put("tkt_1", "one")

    assert done.wait(30)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_two_slots_of_one_domain_do_not_take_each_others_tickets(redis: Any, tickets: TicketQueue) -> None:
    tickets.put("tkt_1", "held by two")
    redis.lmove("dx:hosp1:queue:tickets", "dx:hosp1:queue:tickets:held:2")

    assert served(redis) == []


def test_nothing_unpickles_in_this_process(redis: Any) -> None:
    served(redis)

    for serializer in (rq.serializers.resolve_serializer(None), rq.serializers.resolve_serializer("pickle")):
        with pytest.raises(TypeError):
            serializer.loads(b"x")
        with pytest.raises(TypeError):
            serializer.dumps("x")


def overridden(narrow: type, stock: type) -> set[str]:
    """The names of RQ's that a class of ours replaces."""
    return {name for name in vars(narrow) if hasattr(stock, name) and not name.startswith("__")}


def test_the_names_of_rq_we_replace_are_these() -> None:
    # A new version of RQ may rename one of them, and the replacement would silently stop replacing.
    assert overridden(narrowed.TicketJob, Job) == {
        "func", "success_callback", "failure_callback", "stopped_callback", "send_webhooks", "refresh", "restore",
    }  # fmt: skip
    assert overridden(narrowed.DomainQueue, Queue) == set()
    assert overridden(queue.TicketWorker, SimpleWorker) == {
        "_set_ip_address", "executions_key", "register_birth", "work", "execute_job",
    }  # fmt: skip


def test_what_rq_can_write_into_a_record_is_known() -> None:
    # A field nobody has looked at is how `webhooks` once came in.
    source = inspect.getsource(Job.to_dict)
    written = set(re.findall(r"obj\['(\w+)'\]", source)) | set(re.findall(r"^ {12}'(\w+)':", source, re.MULTILINE))

    assert written == {
        "created_at", "data", "success_callback_name", "failure_callback_name", "stopped_callback_name", "started_at",
        "ended_at", "last_heartbeat", "worker_name", "group_id", "number_of_retries", "retries_left", "retry_intervals",
        "enqueue_at_front_on_retry", "origin", "description", "enqueued_at", "repeats_left", "repeat_intervals",
        "rate_limit_key", "rate_limit_concurrency", "result", "exc_info", "timeout", "success_callback_timeout",
        "failure_callback_timeout", "stopped_callback_timeout", "webhooks", "result_ttl", "failure_ttl", "status",
        "dependency_id", "dependency_ids", "meta", "ttl", "allow_dependency_failures", "enqueue_at_front",
    }  # fmt: skip


def test_what_a_worker_tells_the_broker_of_itself_names_no_machine(redis: Any) -> None:
    queue.serve(print, domain="hosp1", connection=redis, burst=True)

    record = redis.hgetall("dx:hosp1:worker:hosp1-1")

    assert set(record) == {b"birth", b"queues", b"last_heartbeat"}
    assert socket.gethostname().encode() not in b"".join(record.values())
