"""RQ's job and queue, narrowed: a record in the broker gives one string and nothing else.

RQ, left alone, imports and calls whatever a record names: a function, three callbacks, webhooks; it unpickles meta and
results. None of that is reachable from here. The names overridden are pinned by a test, and so is what RQ can write.
"""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, cast

import rq.serializers
from redis.exceptions import ResponseError
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus

from exchange.wire import queue as wire

# The only fields of a record that are read; RQ reads forty.
FIELDS = ("data", "status", "starts")
_WAITING = (JobStatus.QUEUED.value, JobStatus.STARTED.value)
_OVER = (JobStatus.FINISHED.value, JobStatus.FAILED.value)

Handle = Callable[[str], None]


class Unreadable(NoSuchJobError):
    """There is a record, and it is not a ticket's. RQ passes over jobs that do not exist; so do we."""


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


class TicketJob(Job):
    """One string for one function. No name in the broker chooses code, and nothing but a code word goes back."""

    handle: Handle
    starts: int = 0
    success_callback = failure_callback = stopped_callback = None

    @property
    def func(self) -> Handle:
        return type(self).handle

    def send_webhooks(self, status: str, *, exc_string: str | None = None) -> None:
        """RQ would call any address the record names."""

    def refresh(self) -> None:
        values = self.connection.hmget(self.key, FIELDS)
        self.restore(dict(zip(FIELDS, values, strict=True)))

    def restore(self, raw_data: Mapping[Any, Any]) -> None:
        """Three fields, each read strictly; whatever else the record holds is as if it were not there."""
        record = {name: raw_data.get(name) or raw_data.get(name.encode()) or b"" for name in FIELDS}
        status = record["status"].decode("ascii", "replace")
        if status in _OVER:
            raise NoSuchJobError("this ticket was finished")
        starts = record["starts"] or b"0"
        if status not in _WAITING or len(starts) > 1 or not starts.isdigit():
            raise Unreadable("not a waiting ticket")
        try:
            token = wire.unpacked(record["data"])
        except wire.BadMessage:
            raise Unreadable("not a ticket's message") from None
        self.starts = int(starts)
        self._func_name, self._instance, self._args, self._kwargs = wire.FUNCTION, None, [token], {}


class DomainQueue(Queue):
    """The queue, and beside it the list of what one worker has taken and not finished."""

    slot: str

    @property
    def held_key(self) -> str:
        return f"{self.key}:held:{self.slot}"

    def take(self, timeout_s: int | None) -> bytes | None:
        """Move one id to the held list: there is no moment at which it is in neither."""
        if timeout_s is None:
            return cast(bytes | None, self.connection.lmove(self.key, self.held_key))
        return cast(bytes | None, self.connection.blmove(self.key, self.held_key, timeout_s))

    def take_back(self) -> None:
        """What this worker held when it died goes to the front again, in its old order."""
        while self.connection.lmove(self.held_key, self.key, "RIGHT", "LEFT") is not None:
            continue

    def opened(self, raw_id: bytes) -> TicketJob | None:
        """The job of an id, or None and the id dropped: what cannot be read must not stop those behind it."""
        job: Job | None = None
        try:
            job = self.job_class(raw_id.decode("ascii"), connection=self.connection, serializer=self.serializer)
            job.refresh()  # type: ignore[no-untyped-call]
        except Unreadable:
            self._drop(raw_id, job)
        except (NoSuchJobError, ValueError):
            self._drop(raw_id, None)
        except ResponseError as error:
            # A key of another type is a forgery. Anything else is the broker's trouble, and no reason to drop a ticket.
            if not str(error).startswith("WRONGTYPE"):
                raise
            self._drop(raw_id, job)
        else:
            return job if isinstance(job, TicketJob) else None
        return None

    def _drop(self, raw_id: bytes, job: Job | None) -> None:
        """The id goes; a record that could not be read goes too, or it would block the true ticket of that id."""
        if job is not None:
            self.connection.delete(job.key)
        self.connection.lrem(self.held_key, 1, raw_id)  # type: ignore[arg-type]  # Bytes: it may not be text at all.
