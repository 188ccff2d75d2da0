"""A unit: one request or one job, one transaction, one set of facts. `record` is the only verb that writes."""

import secrets
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from exchange.kernel import errors, idempotency, ids
from exchange.kernel.calendar import Calendar
from exchange.kernel.caller import Caller
from exchange.kernel.clock import SECOND, Clock
from exchange.kernel.entity import CONTENT, KINDS, Entity, Event
from exchange.kernel.facts import Fact, draft, read
from exchange.kernel.views import Projection, project
from exchange.ledger import entries, payloads, proofs
from exchange.ledger.backlog import Backlog
from exchange.ledger.store import Store
from exchange.wire.canonical import NotCanonical
from exchange.wire.keys import PrivateKey
from policies.engine import PolicySet

E = TypeVar("E", bound=Entity)
log = structlog.get_logger()
_REMEMBERED = 20_000
_UNDONE_BY_RIVALS = {"40001", "40P01"}  # PostgreSQL's own words for a serialization failure and for a deadlock.


@dataclass(slots=True)
class Ground:
    """What every unit of a process stands on. `key` is the exchange's own, with which it signs tickets; `keyring`
    seals what is about a person; `pseudonym_key` makes the names by which persons are known;
    `remembered` holds frozen entities that were committed, to fold less; `backlog` is
    asked before strangers' facts are taken; `needs_quorum`: nothing is paid that witnesses do not stand behind;
    `unswept` says that what was erased may still lie about in the files.
    """

    store: Store
    clock: Clock
    policies: PolicySet
    calendar: Calendar = field(default_factory=Calendar)
    key: PrivateKey = field(default_factory=PrivateKey.generated)
    keyring: payloads.Keyring = field(default_factory=payloads.Keyring.generated)
    pseudonym_key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    remembered: OrderedDict[str, Entity] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)
    backlog: Backlog | None = None
    needs_quorum: bool = False
    unswept: bool = False

    @contextmanager
    def writing(self, caller: Caller) -> Iterator["Unit"]:
        """A unit whose facts are committed together when the block ends, or not at all."""
        try:
            with self.answering(), self.store.writing() as connection:
                unit = Unit(connection, self, caller)
                yield unit
                unit.flush()
        except entries.StaleVersion:
            raise errors.StaleVersion("somebody else was first; read it again") from None
        self._remember(unit)
        self.unswept = self.unswept or unit.erased
        if self.unswept:
            self.sweep()

    def sweep(self) -> None:
        """Clear the files of what was erased; while a reader is in the way, the next unit tries again."""
        self.unswept = not self.store.swept(payloads.KEYS)
        if self.unswept:
            log.warning("erasure.unswept")

    @contextmanager
    def reading(self, caller: Caller) -> Iterator["Unit"]:
        """A unit that can only look."""
        with self.answering(), self.store.reading() as connection:
            yield Unit(connection, self, caller)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """A server may go and come back, a full disk be emptied, and then it is asked again; a failing disk may not."""
        try:
            yield
        except payloads.NoKey:
            # Of a process that never held it, or that was not started again after it was rotated.
            raise errors.Unavailable("this process does not hold the key of personal content") from None
        except OperationalError as error:
            if getattr(error.orig, "sqlite_errorname", None) == "SQLITE_FULL":
                raise errors.Unavailable("the disk is full; nothing was recorded") from None
            if self.store.is_sqlite:
                raise
            if getattr(error.orig, "sqlstate", None) in _UNDONE_BY_RIVALS:
                raise errors.StaleVersion("somebody else was first; ask again") from None
            raise errors.Unavailable("the database did not answer; ask again with the same key") from None

    def _remember(self, unit: "Unit") -> None:
        with self.lock:
            for entity in unit.seen.values():
                self.remembered[entity.id] = entity
                self.remembered.move_to_end(entity.id)
            while len(self.remembered) > _REMEMBERED:
                self.remembered.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Opening:
    """A logged fact, opened: the leaf, what it commits to, the salt, and the proof that the leaf is in the log."""

    entry: bytes
    content: bytes
    salt: bytes
    proof: str


class Unit:
    """Loads entities by folding their facts, and records new ones. Reads its own writes."""

    def __init__(self, connection: Connection, ground: Ground, caller: Caller) -> None:
        self.connection = connection
        self.ground = ground
        self.caller = caller
        self.now = ground.clock()
        self.policies = ground.policies
        self.calendar = ground.calendar
        self.seen: dict[str, Entity] = {}
        self.erased = False
        self.last_fact = ""
        self._drafts: list[entries.Draft] = []

    @property
    def now_s(self) -> int:
        return self.now // SECOND

    def load(self, kind: type[E], entity_id: str) -> E:
        """The entity as its facts say; one without facts is NEW, version 0."""
        known = self.seen.get(entity_id) or self.ground.remembered.get(entity_id) or kind(id=entity_id)
        if not isinstance(known, kind):
            raise errors.NotFound("no such thing")
        if entity_id not in self.seen:
            known = _folded(known, self.connection)
            self.seen[entity_id] = known
        return known

    def get(self, kind: type[E], entity_id: str) -> E:
        """The entity, which must exist."""
        entity = self.load(kind, entity_id)
        if entity.version == 0:
            raise errors.NotFound("no such thing")
        return entity

    def opened(self, event_id: str) -> Opening:
        """One logged fact with everything that proves it offline."""
        return self._opening(entries.one(self.connection, event_id))

    def opened_personal(self, event_id: str) -> Opening:
        """What one fact says about a person, with everything that proves it offline."""
        try:
            entry = entries.one(self.connection, event_id).entry
            section = self.ground.keyring.opened(self.connection, entry)
            proof = proofs.log_proof(self.connection, event_id)
        except proofs.NotCovered:
            raise errors.Guarded("no signed checkpoint covers it yet", code="E_NOT_YET_SIGNED") from None
        except LookupError:
            raise errors.NotFound("no such content") from None
        return Opening(entry.encode(), section.content, section.salt, proof.text)

    def erase_personal(self, event_id: str) -> None:
        """Destroy what one fact says about a person: ciphertext, salt and key. Its leaf and its proof stay."""
        try:
            entry = entries.one(self.connection, event_id).entry
            self.ground.keyring.erase(self.connection, entry, self.now)
        except LookupError:
            raise errors.NotFound("no such content") from None
        idempotency.forget(self.connection, entry.at)
        self.erased = True

    def story(self, subject: str) -> list[Opening]:
        """Everything a signed checkpoint says happened to one thing, oldest first."""
        reach = proofs.newest_checkpoint(self.connection)
        size = 0 if reach is None else reach[0].size
        stored = entries.stream(self.connection, subject)
        return [self._opening(one) for one in stored if one.idx is not None and one.idx < size]

    def openings(self, after: int, limit: int) -> list[entries.Stored]:
        """The next facts after a place in the log (-1 for all), as far as a signed checkpoint covers them."""
        reach = proofs.newest_checkpoint(self.connection)
        size = 0 if reach is None else reach[0].size
        return entries.after(self.connection, after, min(limit, size - 1 - after)) if after < size - 1 else []

    def _opening(self, stored: entries.Stored) -> Opening:
        section = stored.sections[CONTENT]
        proof = proofs.log_proof(self.connection, stored.entry.id)
        return Opening(stored.entry.encode(), section.content, section.salt, proof.text)

    def record(self, entity: E, *events: Event, refs: tuple[str, ...] = ()) -> E:
        """Fold the events, show them in the views, and write them as log entries. The only writing verb there is."""
        for event in events:
            before, entity = entity, entity.then(event)
            fact = Fact(
                id=ids.fresh("evt"),
                subject=entity.id,
                version=entity.version,
                at=self.now,
                actor=self.caller.participant_id,
                rule=self.policies.version,
                event=event,
                refs=tuple(dict.fromkeys(ref for ref in refs if ref)),
            )
            entity = entity.model_copy(update={"head": fact.id})
            self.last_fact = fact.id
            try:
                self._drafts.append(draft(fact))
            except NotCanonical:
                raise errors.Malformed("a text or number has no canonical form", code="E_NOT_CANONICAL") from None
            project(Projection(self.connection, before, entity, fact))
        self.seen[entity.id] = entity
        return entity

    def flush(self) -> None:
        """Write what was recorded; called once, at the end, by whoever opened the unit."""
        keyring = self.ground.keyring
        entries.append(self.connection, [keyring.sealed(self.connection, one) for one in self._drafts])
        self._drafts.clear()


def history(connection: Connection, subject: str) -> list[Fact]:
    """Everything that happened to one thing, oldest first."""
    return [read(stored) for stored in entries.stream(connection, subject)]


def _folded(known: E, connection: Connection) -> E:
    for stored in entries.stream(connection, known.id, after_version=known.version):
        fact = read(stored)
        if KINDS[type(fact.event)] is not type(known):
            raise errors.NotFound("no such thing")
        known = known.then(fact.event).model_copy(update={"head": fact.id})
    return known
