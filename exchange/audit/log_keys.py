"""Changes of the log's keys, taken only with the root's signature and only where the log already shows what they say.

Holds no key of the log: making and destroying them is the business of whoever holds them.
"""

from dataclasses import dataclass

from exchange.audit import views
from exchange.audit.log_model import KeyAdded, KeyCompromised, KeyRetired, LogContinued, LogFrozen, LogOpened, SignedLog
from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.errors import Guarded
from exchange.kernel.unit import Opening, Unit
from exchange.ledger.proofs import head, newest_checkpoint, signed_size
from exchange.wire.envelope import BadEnvelope, Envelope
from exchange.wire.keys import BadKey, PublicKey
from exchange.wire.log_keys import KeyChange, LogKeys
from exchange.wire.log_policy import LogPolicy
from exchange.wire.notes import NoteRefused, open_checkpoint, open_vkey

CODE = "E_LOG_KEYS"


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the operator pinned itself: the keys the log began with, the root's public key, whose cosignatures count."""

    vkeys: tuple[str, ...]
    root_key: str
    policy: LogPolicy

    @property
    def origin(self) -> str:
        return open_vkey(self.vkeys[0]).name


def change(unit: Unit, envelope: Envelope, anchor: Anchor) -> SignedLog:
    """Record one act of the root. The same one again changes nothing."""
    unit.caller.require(Role.ADMIN)
    log = _log(unit, anchor)
    if envelope.digest in {one.digest for one in log.changes}:
        return log
    try:
        said = KeyChange.opened(envelope, (PublicKey.parsed(log.root_key or anchor.root_key),))
        opened = log if log.version else _opened(unit, log, anchor)
        before = known(opened)
        if set(said.vkeys) - {span.vkey for span in before.spans} and said.what != "ADDED":
            raise NoteRefused("a key is not of this log")
        before.changed(said)
    except (BadEnvelope, BadKey):
        raise Guarded("the change is not signed by the log's root", code=CODE) from None
    except NoteRefused as refused:
        raise Guarded(str(refused), code=CODE) from None
    return unit.record(opened, _fact(unit, envelope, said, anchor.policy))


def freeze(unit: Unit, anchor: Anchor, reason: str) -> SignedLog:
    """Record that nothing follows. Whoever holds the keys then signs it, and nothing after it. Safe to repeat."""
    unit.caller.require(Role.ADMIN)
    log = _log(unit, anchor)
    if log.state == "FROZEN":
        return log
    by = unit.caller.person_id
    return unit.record(log if log.version else _opened(unit, log, anchor), LogFrozen(reason=reason, by=by))


def has_ended(unit: Unit, anchor: Anchor) -> bool:
    """Whether it was recorded that nothing follows in this log."""
    return _log(unit, anchor).state == "FROZEN"


def frozen_at(unit: Unit, anchor: Anchor, acts: tuple[Envelope, ...]) -> tuple[LogKeys, str]:
    """The keys with the root's two last words, and the note it was frozen at, which must be the newest published."""
    log, newest = _log(unit, anchor), newest_checkpoint(unit.connection)
    if log.state != "FROZEN" or newest is None or newest[0].size != head(unit.connection)[0]:
        raise Guarded("the log is not frozen, or not published to its end", code=CODE)
    try:
        after = known(log).told(acts, PublicKey.parsed(log.root_key))
    except (NoteRefused, BadKey):
        raise Guarded("the root's words do not freeze and continue this log", code=CODE) from None
    if after.successor is None or after.frozen != newest[0]:
        raise Guarded("the root's words do not freeze and continue this log", code=CODE)
    return after, newest[1]


def continued(unit: Unit, after: LogKeys, note: str, acts: tuple[Envelope, ...], root_key: str) -> SignedLog:
    """Entry 0 of the log that goes on."""
    unit.caller.require(Role.ADMIN)
    if after.successor is None or after.frozen is None:
        raise Guarded("nothing is continued", code=CODE)
    successor, vkeys = after.successor
    log = unit.load(SignedLog, ids.derived("log", successor))
    fact = LogContinued(
        origin=after.origin,
        size=after.frozen.size,
        root=after.frozen.root.hex(),
        note=note,
        successor=successor,
        vkeys=vkeys,
        root_key=root_key,
        acts=acts,
        by=unit.caller.person_id,
    )
    return unit.record(log, fact)


def known(log: SignedLog) -> LogKeys:
    """The keys by all changes so far."""
    return LogKeys.pinned(log.vkeys).told(log.changes, PublicKey.parsed(log.root_key)) if log.changes else _first(log)


def shown(unit: Unit, anchor: Anchor) -> tuple[LogKeys, list[Opening]]:
    """For anybody: the keys with their sizes, and the facts that changed them, as far as a checkpoint covers them."""
    log = _log(unit, anchor)
    if not log.changes:
        return LogKeys.pinned(anchor.vkeys), []
    return known(log), unit.story(log.id)[1 : 1 + len(log.changes)]  # Between how it began and that it was frozen.


def _first(log: SignedLog) -> LogKeys:
    return LogKeys.pinned(log.vkeys)


def _log(unit: Unit, anchor: Anchor) -> SignedLog:
    return unit.load(SignedLog, ids.derived("log", anchor.origin))


def _opened(unit: Unit, log: SignedLog, anchor: Anchor) -> SignedLog:
    by = unit.caller.person_id
    return unit.record(log, LogOpened(origin=anchor.origin, vkeys=anchor.vkeys, root_key=anchor.root_key, by=by))


def _fact(unit: Unit, envelope: Envelope, said: KeyChange, policy: LogPolicy) -> KeyAdded | KeyRetired | KeyCompromised:
    by, notes = unit.caller.person_id, views.notes_from(unit.connection, said.size)
    if said.what == "ADDED":
        # The overlap has begun already: whoever holds the new keys has shown it, and no checkpoint lacks them.
        if not notes or any(not _signed(note, said.vkeys) for note, _, _ in notes):
            raise Guarded("not every checkpoint from there on is signed by the new keys", code=CODE)
        return KeyAdded(vkeys=said.vkeys, from_size=said.size, change=envelope, by=by)
    if said.what == "RETIRED":
        if said.size > signed_size(unit.connection) + 1:
            raise Guarded("the log has not come so far", code=CODE)
        return KeyRetired(vkeys=said.vkeys, to_size=said.size, change=envelope, by=by)
    if said.what != "COMPROMISED":
        raise Guarded("a log is frozen and continued by its signer", code=CODE)
    there = [(note, root) for note, size, root in notes if size == said.size]
    if not there or there[0][1].hex() != said.root or not policy.met_by(there[0][0]):
        raise Guarded("no such checkpoint was published with the quorum", code=CODE)
    return KeyCompromised(
        vkeys=said.vkeys, trusted_until_size=said.size, checkpoint_root=said.root, change=envelope, by=by
    )


def _signed(note: str, vkeys: tuple[str, ...]) -> bool:
    try:
        open_checkpoint(note, vkeys)
    except NoteRefused:
        return False
    return True
