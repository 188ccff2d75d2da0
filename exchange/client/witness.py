"""A witness of one's own: a folder that remembers how a log grew, and whose key vouches for it. Never signs a fork.

witness.seed   the key (0600)       name       the witness's name
logs.txt       the keys of the logs it knows, one a line; all of one name must sign
<sha256 of a log's name>/checkpoint   the newest note it cosigned      …/evidence/   what it refused, in pairs
"""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from exchange.client.key_changes import FILE, Changes
from exchange.wire.cosignatures import WitnessKey
from exchange.wire.keys import PublicKey
from exchange.wire.notes import Checkpoint, Keys, NoteRefused, open_vkey, read_checkpoint
from exchange.wire.witnessing import EVIDENCE_MAX, Recorded, Witness, place_of


class WitnessRefused(Exception):
    """The folder is not a witness's, or is damaged. A damaged memory is never taken for an empty one."""


class LogFolder:
    """What is remembered of one log: the turn of whoever holds the lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self) -> str:
        """The newest note cosigned; empty before the first."""
        try:
            return (self._folder / "checkpoint").read_text("utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError):
            raise WitnessRefused("the witness's memory is damaged") from None

    def recorded(self) -> Recorded:
        note = self.note()
        try:
            last = read_checkpoint(note)[0] if note or (self._folder / "checkpoint").exists() else None
        except NoteRefused:
            raise WitnessRefused("the witness's memory is damaged") from None
        return Recorded(last.size, last.root) if last else Recorded()

    def record(self, checkpoint: Checkpoint, note: str) -> None:
        _keep(self._folder / "checkpoint", note)

    def keep_evidence(self, note: str) -> None:
        evidence = self._folder / "evidence"
        evidence.mkdir(exist_ok=True)
        name = read_checkpoint(note)[0].text
        pair = evidence / sha256(name.encode()).hexdigest()
        if not pair.exists() and len(list(evidence.iterdir())) < EVIDENCE_MAX:
            _keep(pair, f"{self.note()}\n{note}")


class Folder:
    """The memory of a witness, safe against its own second process and against a power cut."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def turn(self, origin: str) -> Iterator[LogFolder]:
        place = self._folder / place_of(origin)
        place.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(place / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield LogFolder(place)
        finally:
            os.close(lock)


class OwnWitness:
    """A witness in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def made(cls, folder: Path, name: str, log_vkeys: Sequence[str], root: str = "") -> Self:
        """A new folder with a fresh key. One that is there keeps its key and its name."""
        for vkey in log_vkeys:
            open_vkey(vkey)
        WitnessKey(name, bytes(32))  # Refuses a name that cannot stand in a note.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (folder / "witness.seed").exists():
            raise WitnessRefused("there is a witness already")
        _keep(folder / "name", name)
        _keep(folder / "logs.txt", "".join(f"{vkey}\n" for vkey in log_vkeys))
        if root:
            _keep(folder / "root", PublicKey.parsed(root).text)
        _keep(folder / "witness.seed", secrets.token_bytes(32).hex())
        return cls(folder)

    @property
    def key(self) -> WitnessKey:
        try:
            return WitnessKey(self._read("name"), bytes.fromhex(self._read("witness.seed")))
        except ValueError:
            raise WitnessRefused("the witness's key is damaged") from None

    def witness(self) -> Witness:
        logs: dict[str, list[str]] = {}
        for vkey in self._read("logs.txt").split("\n")[:-1]:
            logs.setdefault(open_vkey(vkey).name, []).append(vkey)
        known: dict[str, Keys] = {origin: self._known(origin, vkeys) for origin, vkeys in logs.items()}
        return Witness(self.key, known, Folder(self.folder), lambda: int(time.time()))

    @property
    def is_rooted(self) -> bool:
        """Whether it was told whose word changes the keys of its logs."""
        return (self.folder / "root").exists()

    def learn(self, origin: str, shown: Sequence[Any]) -> None:
        """Keep the changes of a log's keys that its pinned root signed; fewer than are known are not taken."""
        if not self.is_rooted:
            return
        kept = self._changes(origin)
        if len(shown) > len(kept):
            Changes(shown).keys(self._vkeys(origin), self._read("root"))
            (self.folder / place_of(origin)).mkdir(mode=0o700, exist_ok=True)
            _keep(self.folder / place_of(origin) / FILE, json.dumps(list(shown)))

    def _vkeys(self, origin: str) -> list[str]:
        return [vkey for vkey in self._read("logs.txt").split("\n")[:-1] if open_vkey(vkey).name == origin]

    def _known(self, origin: str, vkeys: Sequence[str]) -> Keys:
        changes = self._changes(origin)
        return Changes(changes).keys(vkeys, self._read("root")) if changes else vkeys

    def _changes(self, origin: str) -> list[Any]:
        path = self.folder / place_of(origin) / FILE
        return list(json.loads(path.read_text("utf-8"))) if path.exists() else []

    def note(self, place: str) -> str:
        """What it last cosigned of the log of this place; empty if nothing."""
        return LogFolder(self.folder / place).note()

    def _read(self, name: str) -> str:
        try:
            return (self.folder / name).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise WitnessRefused("this folder is not a witness's") from None


def _keep(path: Path, text: str) -> None:
    """On disk, whole, before this returns."""
    scratch = path.with_name(f".{path.name}.part")
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(handle)
    scratch.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
