"""Guard, then sign. The guard's memory lies outside the database, so a restored database is never signed over.

A guard that only remembers a size would sign a fork; this one demands a consistency proof from its last root.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sqlalchemy import func, insert, select
from sqlmodel import col

from exchange.ledger.files import write_durably
from exchange.ledger.proofs import consistency, head
from exchange.ledger.store import Store
from exchange.ledger.tables import CheckpointRow
from exchange.wire import canonical
from exchange.wire.merkle import EMPTY_ROOT, ProofRefused, verify_consistency
from exchange.wire.notes import Checkpoint, LogSigner, open_checkpoint


class ForkRefused(Exception):
    """The tree is not a continuation of what was signed before. Nothing was signed; an operator must look."""


class GuardLost(Exception):
    """Checkpoints were signed but the guard remembers none. Rebuild it from a witness, never from the database."""


class ClockSteppedBack(Exception):
    """The clock shows a time before the last signature. Nothing is signed until it has caught up."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was last allowed to be signed."""

    origin: str
    size: int
    root: bytes


class Guard:
    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def held(self) -> Iterator[Remembered | None]:
        """Exclusive use of the guard, with what it remembers. One process at a time decides and signs."""
        lock = os.open(self._path.with_name(self._path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self._read()
        finally:
            os.close(lock)

    def advance(self, last: Remembered | None, new: Checkpoint, proof: Sequence[bytes]) -> None:
        """Remember the new checkpoint durably, if it continues the last one. Call while holding."""
        last = last or Remembered(new.origin, 0, EMPTY_ROOT)
        if last.origin != new.origin:
            raise ForkRefused("the guard is another log's")
        if new.size < last.size:
            raise ForkRefused("the tree is smaller than what was signed")
        try:
            verify_consistency(last.size, new.size, proof, last.root, new.root)
        except ProofRefused:
            raise ForkRefused("the tree does not continue what was signed") from None
        state = {
            "note_sha256": sha256(new.text.encode()).hexdigest(),
            "origin": new.origin,
            "root": new.root.hex(),
            "size": new.size,
        }
        write_durably(self._path, canonical.encode(state))

    def _read(self) -> Remembered | None:
        try:
            state = canonical.decode(self._path.read_bytes())
        except FileNotFoundError:
            return None
        found = Checkpoint(state["origin"], state["size"], bytes.fromhex(state["root"]))
        if sha256(found.text.encode()).hexdigest() != state["note_sha256"]:
            raise ForkRefused("the guard's memory is damaged")
        return Remembered(found.origin, found.size, found.root)


def publish(
    store: Store, signer: LogSigner, guard: Guard, now_us: int, *, needs_quorum: bool = False
) -> Checkpoint | None:
    """Sign the head and store the note, if the head has moved since the last one. Published at once, or by a quorum."""
    with guard.held() as last:
        with store.reading() as connection:
            size, root = head(connection)
            signed = connection.execute(
                select(func.max(col(CheckpointRow.size)), func.max(col(CheckpointRow.signed_at)))
            ).one()
            if size == 0 or (last is not None and signed[0] == size == last.size and root == last.root):
                return None
            if last is None and signed[0] is not None:
                raise GuardLost("checkpoints were signed, but the guard has no memory of them")
            if now_us < (signed[1] or 0):
                raise ClockSteppedBack("the clock is behind the last signature")
            old = last.size if last is not None else 0
            proof = consistency(connection, old, size) if old <= size else []
        checkpoint = Checkpoint(signer.origin, size, root)
        guard.advance(last, checkpoint, proof)
        note = signer.sign(checkpoint, now_us)
        open_checkpoint(note, signer.vkeys())  # A signature made by failing hardware must not leave the house.
        _keep(store, checkpoint, note, now_us, None if needs_quorum else now_us)
        return checkpoint


def _keep(store: Store, checkpoint: Checkpoint, note: str, now_us: int, published_us: int | None) -> None:
    values = {"size": checkpoint.size, "root": checkpoint.root, "note": note, "signed_at": now_us}
    with store.writing() as connection:
        known = connection.execute(
            select(col(CheckpointRow.root)).where(col(CheckpointRow.size) == checkpoint.size)
        ).scalar()
        if known is None:
            connection.execute(insert(CheckpointRow).values(**values, published_at=published_us))
        elif bytes(known) != checkpoint.root:
            raise ForkRefused("another root was signed at this size")
