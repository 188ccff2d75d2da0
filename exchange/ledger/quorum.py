"""Cosignatures beside the notes, and when a checkpoint is published: once enough witnesses stand behind it.

The log itself goes on being placed and signed while witnesses are away; what waits is what follows the published one.
"""

from base64 import b64encode

from sqlalchemy import Connection, func, insert, select, update
from sqlmodel import col

from exchange.ledger.proofs import consistency, with_lines
from exchange.ledger.tables import CheckpointRow, CosignatureRow
from exchange.wire.cosignatures import cosigners
from exchange.wire.log_policy import LogPolicy
from exchange.wire.notes import NoteRefused, read_checkpoint
from exchange.wire.witnessing import request_of


class NoSuchCheckpoint(LookupError):
    """Nothing was signed at this size."""


class CosignatureRefused(ValueError):
    """Not one line of one witness of the policy over this very checkpoint."""


def candidate(connection: Connection) -> str | None:
    """The note to cosign now."""
    size = candidate_size(connection)
    return None if size is None else _note(connection, size)


def candidate_size(connection: Connection) -> int | None:
    """Which one is to be cosigned now. All witnesses get the same until it is published, or they would never meet."""
    published = select(func.coalesce(func.max(col(CheckpointRow.size)), 0)).where(
        col(CheckpointRow.published_at).is_not(None)
    )
    begun = select(func.max(col(CosignatureRow.size))).where(col(CosignatureRow.size) > published.scalar_subquery())
    newest = select(func.max(col(CheckpointRow.size)))
    size: int | None = connection.execute(begun).scalar() or connection.execute(newest).scalar()
    return size


def request(connection: Connection, old: int, size: int) -> str:
    """What a witness that remembers `old` is asked at this size. To one that saw more, the bare note: it says so."""
    note = _note(connection, size)
    if note is None:
        raise NoSuchCheckpoint("nothing was signed at this size")
    steps = consistency(connection, old, size) if 0 < old < size else []
    return request_of(old, [b64encode(step).decode() for step in steps], note)


def keep(connection: Connection, size: int, line: str, policy: LogPolicy, now: int) -> bool:
    """Keep a witness's line beside the note of this size; answers whether the policy is now met. Safe to repeat."""
    note = _note(connection, size)
    if note is None:
        raise NoSuchCheckpoint("nothing was signed at this size")
    try:
        found = list(cosigners(note + line, list(policy.witnesses.values())))
        more = len(read_checkpoint(note + line)[1]) - len(read_checkpoint(note)[1])
    except NoteRefused:
        raise CosignatureRefused("this is not a cosignature of the checkpoint") from None
    if len(found) != 1 or more != 1:
        raise CosignatureRefused("this is not one line of one witness of the policy")
    row = {"size": size, "vkey": found[0], "line": line, "at": now}
    known = select(col(CosignatureRow.at)).where(col(CosignatureRow.size) == size, col(CosignatureRow.vkey) == found[0])
    if connection.execute(known).scalar() is None:
        connection.execute(insert(CosignatureRow).values(row))
    met = policy.met_by(with_lines(connection, size, note))
    if met:
        fresh = (col(CheckpointRow.size) == size, col(CheckpointRow.published_at).is_(None))
        connection.execute(update(CheckpointRow).where(*fresh).values(published_at=now))
    return met


def _note(connection: Connection, size: int) -> str | None:
    note: str | None = connection.execute(
        select(col(CheckpointRow.note)).where(col(CheckpointRow.size) == size)
    ).scalar_one_or_none()
    return note
