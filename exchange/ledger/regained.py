"""What a lost guard is made anew from: what witnesses hold. Believes no word of the database.

Enough witnesses must speak for the quorum. Then one of them has cosigned the newest checkpoint ever published, for two
quorums have a member in common; so the newest of their notes is not older than what anybody relied upon.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from exchange.ledger.proofs import MissingTile, consistency, head, newest_signed
from exchange.wire.cosignatures import cosigners
from exchange.wire.log_policy import LogPolicy
from exchange.wire.merkle import ProofRefused, verify_consistency
from exchange.wire.notes import Checkpoint, NoteRefused, open_checkpoint


class NotRegained(Exception):
    """Nothing was rebuilt. The message says what is missing, or what contradicts what."""


def regained(connection: Connection, notes: Sequence[str], policy: LogPolicy, vkeys: Sequence[str]) -> Checkpoint:
    """The newest checkpoint that witnesses hold, if the database's tree continues every one of them."""
    held = [_opened(note, policy, vkeys) for note in notes]
    if policy.quorum == ["none"]:
        raise NotRegained("the policy names no quorum, so no witness can speak for this log")
    if not policy.met_by_all(notes):
        raise NotRegained("too few of the policy's witnesses have spoken")
    signed = newest_signed(connection)  # It cannot lower what witnesses say, but a tree that denies it is a fork.
    claimed = [*held, *([_signed(signed, vkeys)] if signed else [])]
    for one in sorted(claimed, key=lambda one: one.size, reverse=True):
        _continued(connection, one)
    return max(held, key=lambda one: one.size)


def _opened(note: str, policy: LogPolicy, vkeys: Sequence[str]) -> Checkpoint:
    checkpoint = _signed(note, vkeys)
    try:
        found = cosigners(note, list(policy.witnesses.values()))
    except NoteRefused as refused:
        raise NotRegained(str(refused)) from None
    if not found:
        raise NotRegained("a note bears no cosignature of a witness of the policy")
    return checkpoint


def _signed(note: str, vkeys: Sequence[str]) -> Checkpoint:
    try:
        return open_checkpoint(note, vkeys)
    except NoteRefused as refused:
        raise NotRegained(f"a note is not of this log: {refused}") from None


def _continued(connection: Connection, old: Checkpoint) -> None:
    size, root = head(connection)
    if size < old.size:
        raise NotRegained("the database's tree is smaller than what was signed: it was restored, or cut")
    try:
        verify_consistency(old.size, size, consistency(connection, old.size, size), old.root, root)
    except (ProofRefused, MissingTile):
        raise NotRegained("the database's tree does not continue what was signed") from None
