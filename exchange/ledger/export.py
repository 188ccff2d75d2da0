"""The log as a folder that any tlog-tiles verifier reads. Holds commitments only; never content, salts or keys.

Tiles and bundles are written before the checkpoint that needs them, so a copy taken at any moment verifies.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, select
from sqlmodel import col

from exchange.ledger.files import make_folder_durably, write_durably
from exchange.ledger.proofs import newest_checkpoint, with_lines
from exchange.ledger.served import content
from exchange.ledger.store import Store
from exchange.ledger.tables import CheckpointRow
from exchange.wire.notes import Checkpoint, NoteRefused, read_checkpoint
from exchange.wire.tiles import places


class OtherLog(Exception):
    """The folder holds another log, or a longer one."""


def export(store: Store, folder: Path, vkeys: Sequence[str], changes: bytes = b"") -> Checkpoint | None:
    """Bring the folder up to the newest published checkpoint. Safe to repeat, and to break off anywhere."""
    make_folder_durably(folder)
    with _alone(folder), store.reading() as connection:
        newest = newest_checkpoint(connection)
        if newest is None:
            return None
        checkpoint, note = newest
        old = _exported_size(folder, checkpoint)
        for place in places(checkpoint.size, old):
            _write(folder, f"tile/{place.path}", content(connection, place))
        _write(folder, "keys.txt", "".join(f"{vkey}\n" for vkey in vkeys).encode())
        if changes:
            _write(folder, "key-changes.json", changes)
        _write(folder, "checkpoint", note.encode())
        for size, past in _notes(connection, _kept_size(folder), checkpoint.size):
            _write(folder, f"checkpoints/{size}", past.encode())
    return checkpoint


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One exporter at a time: two would share the place where files are first written."""
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _exported_size(folder: Path, newest: Checkpoint) -> int:
    """How far an earlier export came; it wrote its checkpoint after the tiles, so all of those are there."""
    try:
        found, _ = read_checkpoint((folder / "checkpoint").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0
    except (NoteRefused, UnicodeDecodeError):
        raise OtherLog("the folder's checkpoint is damaged") from None
    if found.origin != newest.origin or found.size > newest.size:
        raise OtherLog("the folder holds another log")
    return found.size


def _kept_size(folder: Path) -> int:
    """The last note kept: they are written in order, after the checkpoint that covers them."""
    kept = (folder / "checkpoints").glob("[0-9]*")
    return max((int(path.name) for path in kept), default=0)


def _notes(connection: Connection, old: int, new: int) -> list[tuple[int, str]]:
    query = (
        select(col(CheckpointRow.size), col(CheckpointRow.note))
        .where(col(CheckpointRow.published_at).is_not(None), col(CheckpointRow.size).between(old + 1, new))
        .order_by(col(CheckpointRow.size))
    )
    return [(size, with_lines(connection, size, note)) for size, note in connection.execute(query).all()]


def _write(folder: Path, name: str, data: bytes) -> None:
    path = folder / name
    make_folder_durably(path.parent)
    write_durably(path, data, beside=folder / ".new")  # Not among the tiles: a crash must not leave half a one there.
