"""Puts tickets into the queue of one provider's domain, and reads nothing back.

A provider could write anything into its own part of the broker. So this side never reads a job, a result or a
failure from there: what came of a ticket is told by a signed receipt. It asks one question only, "is it there?".
"""

from collections.abc import Mapping
from typing import Any, NoReturn

import rq.serializers
from redis import Redis
from rq import Queue
from rq.exceptions import DuplicateJobError, NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from exchange.wire import queue as wire


class NoPickle:
    """What RQ falls back to when a caller forgets to name a serializer. It would run code found in the broker."""

    @staticmethod
    def dumps(obj: object, /) -> NoReturn:
        raise TypeError("only JSON is written to the broker")

    @staticmethod
    def loads(data: bytes, /) -> NoReturn:
        raise TypeError("only JSON is read from the broker")


def narrow_rq() -> None:
    """Take RQ's default serializer out of this process, for every call path that does not name one."""
    for name in ("DefaultSerializer", "PickleSerializer"):
        setattr(rq.serializers, name, NoPickle)
    rq.serializers.SERIALIZER_ALIASES["pickle"] = NoPickle


class UnreadJob(Job):
    """A job as the exchange knows it: written once, never read back."""

    def restore(self, raw_data: Mapping[Any, Any]) -> NoReturn:
        raise NoSuchJobError("the exchange does not read jobs")


class TicketQueue:
    """The way into one domain. One process may hold many: each keeps to the keys of its own domain.

    The connection is that of the domain's relay user, and answers in bytes (no `decode_responses`).
    """

    def __init__(self, connection: Redis, domain: str) -> None:
        narrow_rq()
        self.domain = domain
        prefix = wire.key_prefix(domain)
        self._job_class: type[UnreadJob] = type(
            "DomainJob", (UnreadJob,), {"redis_job_namespace_prefix": f"{prefix}job:"}
        )
        names = {"redis_queue_namespace_prefix": f"{prefix}queue:", "redis_queues_keys": f"{prefix}queues"}
        queue_class: type[Queue] = type("DomainQueue", (Queue,), names)
        self._queue = queue_class(
            wire.QUEUE_NAME, connection=connection, job_class=self._job_class, serializer=JSONSerializer
        )

    def put(self, ticket_id: str, token: str) -> bool:
        """Hand one ticket over. False when it is there already: waiting, running, or finished a moment ago."""
        wire.packed(token)  # Refuses what the other side would refuse.
        try:
            self._queue.enqueue(
                wire.FUNCTION,
                args=(token,),
                job_id=wire.job_id(self.domain, ticket_id),
                unique=True,
                description=wire.FUNCTION,  # RQ's own would repeat the arguments in clear.
                ttl=wire.WAITING_TTL_S,
                result_ttl=wire.DONE_TTL_S,
                failure_ttl=wire.DONE_TTL_S,
            )
        except DuplicateJobError:
            return False
        return True

    def holds(self, ticket_id: str) -> bool:
        """Whether the broker still knows this ticket. Never how it went."""
        return self._job_class.exists(wire.job_id(self.domain, ticket_id), self._queue.connection)

    def waiting(self) -> int:
        """How many tickets nobody has taken yet."""
        return int(self._queue.count)
