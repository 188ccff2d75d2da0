"""Takes tickets from this domain's queue, one at a time, and hands each to one function.

RQ, left alone, imports and calls whatever a job's record names: a function, three callbacks, webhooks; it unpickles,
it stores results and tracebacks, and it obeys commands sent through the broker. Here the record gives one string and
nothing else. Whoever owns the broker can lose tickets or bring them twice; the gate behind `handle` refuses the rest.
"""

import threading
import time
from contextlib import AbstractContextManager, nullcontext

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty
from rq.utils import now, utcformat
from rq.worker import WorkerStatus

from exchange.wire import queue as wire
from workers.narrowed import DomainQueue, Handle, TicketJob, narrow_rq

STARTS_MAX = 3
POLL_S = 1
_BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_STEADY_S = 10


class TicketWorker(SimpleWorker):
    """RQ's in-process worker with a loop of our own: it takes no orders from the broker and lets its errors out.

    Isolation is not RQ's business here: `handle` runs each computation in a jailed process of its own.
    """

    timeout_s: int

    def _set_ip_address(self, connection: Redis) -> None:
        """RQ would publish this machine's address, name and interpreter."""
        self.ip_address = "unknown"

    @property
    def executions_key(self) -> str:
        return f"{self.key}:executions"

    def register_birth(self) -> None:
        self.birth_date = now()
        with self.connection.pipeline() as pipeline:
            pipeline.delete(self.key)
            pipeline.hset(self.key, mapping={"birth": utcformat(self.birth_date), "queues": wire.QUEUE_NAME})
            pipeline.sadd(self.redis_workers_keys, self.key)
            pipeline.expire(self.key, self.worker_ttl + 60)
            pipeline.execute()

    def work(self, burst: bool = False, stop: threading.Event | None = None) -> bool:  # type: ignore[override]
        """Until `stop` is set, or with `burst` until the queue is empty. Errors of the broker end it."""
        stop = stop or threading.Event()
        queue = self.queues[0]
        if not isinstance(queue, DomainQueue):
            raise TypeError("a ticket worker serves a domain's queue")
        self.register_birth()
        queue.take_back()
        worked = False
        while not stop.is_set():
            self.heartbeat()
            raw_id = queue.take(None if burst else POLL_S)
            if raw_id is None:
                if burst:
                    break
                # Idle, so nothing is held, unless an answer was lost on the way and asked for again.
                queue.take_back()
                continue
            job = queue.opened(raw_id)
            if job is not None:
                self.execute_job(job, queue)
                worked = True
        return worked

    def execute_job(self, job: Job, queue: Queue) -> None:
        if not isinstance(job, TicketJob) or not isinstance(queue, DomainQueue):
            raise TypeError("a ticket worker runs tickets")
        if job.starts >= STARTS_MAX:
            # Each time it was started this process died. Once more would only stop those behind it.
            return self._close(job, queue, "abandoned")
        self._open(job)
        try:
            with self._deadline():
                job.perform()
        except JobTimeoutException:
            code = "late"
        except Exception:  # The cause may quote data: neither its text nor its type leaves.
            code = "failed"
        else:
            code = "done"
        return self._close(job, queue, code)

    def _open(self, job: TicketJob) -> None:
        with self.connection.pipeline() as pipeline:
            self.heartbeat(self.timeout_s + 60, pipeline=pipeline)
            self.set_state(WorkerStatus.BUSY, pipeline=pipeline)
            pipeline.hset(job.key, "status", JobStatus.STARTED.value)
            pipeline.hincrby(job.key, "starts", 1)
            pipeline.expire(job.key, wire.WAITING_TTL_S)
            pipeline.execute()

    def _close(self, job: TicketJob, queue: DomainQueue, code: str) -> None:
        """Put one word in place of the record: the ticket itself, and whatever was planted beside it, goes."""
        status = JobStatus.FINISHED if code == "done" else JobStatus.FAILED
        with self.connection.pipeline() as pipeline:
            pipeline.delete(job.key)
            pipeline.hset(job.key, mapping={"status": status.value, "code": code, "ended_at": utcformat(now())})
            pipeline.expire(job.key, wire.DONE_TTL_S)
            pipeline.lrem(queue.held_key, 1, job.id)
            self.set_state(WorkerStatus.IDLE, pipeline=pipeline)
            pipeline.execute()

    def _deadline(self) -> AbstractContextManager[None]:
        """The second fence works by a signal, so in the main thread only; elsewhere the jail's own deadline stands."""
        if threading.current_thread() is threading.main_thread():
            return UnixSignalDeathPenalty(self.timeout_s, JobTimeoutException)  # type: ignore[no-untyped-call]
        return nullcontext()


def serve(
    handle: Handle,
    *,
    domain: str,
    connection: Redis,
    slot: str = "1",
    burst: bool = False,
    stop: threading.Event | None = None,
    timeout_s: int = wire.TIMEOUT_S,
) -> None:
    """Work until `stop` is set (or, with `burst`, until nothing waits). Raises RedisError when the broker is away.

    One process per slot. The connection must answer in bytes (no `decode_responses`).
    """
    narrow_rq()
    prefix = wire.key_prefix(domain)
    worker_names = {"redis_worker_namespace_prefix": f"{prefix}worker:", "redis_workers_keys": f"{prefix}workers"}
    worker_class: type[TicketWorker] = type("DomainWorker", (TicketWorker,), {**worker_names, "timeout_s": timeout_s})
    queue = _queue(handle, prefix=prefix, connection=connection, slot=slot)
    worker_class(
        [queue],
        name=f"{domain}-{slot}",
        connection=connection,
        worker_ttl=30,
        maintenance_interval=15,
        job_class=queue.job_class,
        queue_class=type(queue),
        serializer=JSONSerializer,
        log_job_description=False,
    ).work(burst=burst, stop=stop)


def _queue(handle: Handle, *, prefix: str, connection: Redis, slot: str) -> DomainQueue:
    """RQ keeps names and key prefixes on its classes; so each domain has classes of its own, and one process many."""
    job_names = {"handle": staticmethod(handle), "redis_job_namespace_prefix": f"{prefix}job:"}
    job_class: type[TicketJob] = type("DomainJob", (TicketJob,), job_names)
    queue_names = {"redis_queue_namespace_prefix": f"{prefix}queue:", "redis_queues_keys": f"{prefix}queues"}
    queue_class: type[DomainQueue] = type("OneDomainQueue", (DomainQueue,), {**queue_names, "slot": slot})
    return queue_class(wire.QUEUE_NAME, connection=connection, job_class=job_class, serializer=JSONSerializer)


def serve_forever(handle: Handle, *, domain: str, connection: Redis, stop: threading.Event, slot: str = "1") -> None:
    """Serve through every absence of the broker, with growing pauses, until `stop` is set."""
    failures = 0
    while not stop.is_set():
        began = time.monotonic()
        try:
            serve(handle, domain=domain, connection=connection, slot=slot, stop=stop)
        except RedisError:
            failures = 0 if time.monotonic() - began > _STEADY_S else failures + 1
            stop.wait(_BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)])
