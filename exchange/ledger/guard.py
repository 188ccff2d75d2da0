"""Guard, then sign: what the holder of the log's keys remembers, outside the database, and when it refuses.

A guard that only remembers a size would sign a fork; this one demands a consistency proof from its last root. It reads
no database: whoever wants a signature brings the proof.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from exchange.ledger.files import write_durably
from exchange.wire import canonical
from exchange.wire.merkle import EMPTY_ROOT, ProofRefused, verify_consistency
from exchange.wire.notes import Checkpoint, LogSigner, open_checkpoint


class ForkRefused(Exception):
    """The tree is not a continuation of what was signed before. Nothing was signed; an operator must look."""


class GuardLost(Exception):
    """Checkpoints were signed but the guard remembers none. Rebuild it from a witness, never from the database."""


class GuardKept(Exception):
    """The guard remembers what was signed: there is nothing to rebuild."""


class ClockSteppedBack(Exception):
    """The clock shows a time before the last signature. Nothing is signed until it has caught up."""


class GuardMoved(Exception):
    """Another one had something signed since the guard was looked at. Look again."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was last allowed to be signed, and when (0 where that is not known)."""

    origin: str
    size: int
    root: bytes
    at_us: int = 0


class Keyholder(Protocol):
    """Whoever alone holds the log's keys, here or in a process of its own."""

    def vkeys(self) -> list[str]: ...

    def remembered(self) -> Remembered | None: ...

    def sign(self, old: int, proof: Sequence[bytes], new: Checkpoint, now_us: int) -> str:
        """The signed note of a tree that continues the one of size `old`, which is the last one remembered."""


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

    def advance(self, last: Remembered | None, new: Checkpoint, proof: Sequence[bytes], at_us: int = 0) -> None:
        """Remember the new checkpoint durably, if it continues the last one. Call while holding."""
        last = last or Remembered(new.origin, 0, EMPTY_ROOT)
        if last.origin != new.origin:
            raise ForkRefused("the guard is another log's")
        if new.size < last.size:
            raise ForkRefused("the tree is smaller than what was signed")
        if new.size > last.size and self._frozen.exists():
            raise ForkRefused("the log is frozen")
        if at_us < last.at_us:
            raise ClockSteppedBack("the clock is behind the last signature")
        try:
            verify_consistency(last.size, new.size, proof, last.root, new.root)
        except ProofRefused:
            raise ForkRefused("the tree does not continue what was signed") from None
        self._remember(new, at_us)

    def regain(self, held: Checkpoint, at_us: int) -> None:
        """Remember what witnesses hold, after all memory was lost; a memory that is there is never replaced."""
        with self.held() as last:
            if last is not None:
                raise GuardKept("the guard is not lost")
            self._remember(held, at_us)

    def _remember(self, new: Checkpoint, at_us: int) -> None:
        state = {
            "at_us": at_us,
            "note_sha256": sha256(new.text.encode()).hexdigest(),
            "origin": new.origin,
            "root": new.root.hex(),
            "size": new.size,
        }
        write_durably(self._path, canonical.encode(state))

    @property
    def _frozen(self) -> Path:
        return self._path.with_name(self._path.name + ".frozen")

    def freeze(self) -> None:
        """Nothing larger than what is remembered is signed any more, by whatever process."""
        with self.held():
            write_durably(self._frozen, b"frozen\n")

    def set_aside(self, origin: str) -> None:
        """Make room for the guard of the log that comes after the one of this name."""
        with self.held() as last:
            if last is not None and last.origin == origin and self._frozen.exists():
                name = sha256(origin.encode()).hexdigest()[:16]
                self._path.rename(self._path.with_name(f"{self._path.name}.{name}"))
                self._frozen.unlink()

    def _read(self) -> Remembered | None:
        try:
            state = canonical.decode(self._path.read_bytes())
            found = Checkpoint(state["origin"], state["size"], bytes.fromhex(state["root"]))
            if sha256(found.text.encode()).hexdigest() != state["note_sha256"]:
                raise ValueError("another text")
            return Remembered(found.origin, found.size, found.root, state["at_us"])
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, ValueError):  # Never taken for a signer that is away and may be asked again.
            raise ForkRefused("the guard's memory is damaged") from None


@dataclass(frozen=True, slots=True)
class GuardedKeys:
    """The keys and their guard in this very process."""

    signer: LogSigner
    guard: Guard

    def vkeys(self) -> list[str]:
        return self.signer.vkeys()

    def remembered(self) -> Remembered | None:
        with self.guard.held() as last:
            return last

    def sign(self, old: int, proof: Sequence[bytes], new: Checkpoint, now_us: int) -> str:
        with self.guard.held() as last:
            if old != (last.size if last is not None else 0):
                raise GuardMoved("the guard remembers another size")
            self.guard.advance(last, new, proof, now_us)
            note = self.signer.sign(new, now_us)
            open_checkpoint(note, self.signer.vkeys())  # A signature by failing hardware must not leave the house.
            return note
