"""A strict witness (C2SP tlog-witness): cosigns a checkpoint only if the log did nothing but grow since the last one.

How it answers is decided here; where it remembers is its holder's choice. It never cosigns twice at one size unless
the trees are the same, and what it refused although the log had signed it, it keeps: that is the proof of a fork.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from exchange.wire.cosignatures import WitnessKey
from exchange.wire.merkle import EMPTY_ROOT, ProofRefused, verify_consistency
from exchange.wire.notes import (
    NOTE_CHARS_MAX,
    Checkpoint,
    Keys,
    NoteRefused,
    demanded,
    open_checkpoint,
    open_vkey,
    read_checkpoint,
    signature_line,
)

TEXT, SIZE = "text/plain; charset=utf-8", "text/x.tlog.size"
PROOF_LINES_MAX = 63
EVIDENCE_MAX = 64
"""So many refused notes a memory keeps of one log: one proves a fork, and strangers must not fill a disk."""
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back over HTTP."""

    status: int
    body: str = ""
    media_type: str = TEXT


@dataclass(frozen=True, slots=True)
class Recorded:
    """The newest checkpoint this witness vouched for: size 0 before the first."""

    size: int = 0
    root: bytes = EMPTY_ROOT


class Turn(Protocol):
    """The record of one log, while nobody else may change it. What is written is on disk when the turn has ended."""

    def recorded(self) -> Recorded: ...

    def record(self, checkpoint: Checkpoint, note: str) -> None: ...

    def keep_evidence(self, note: str) -> None:
        """Keep a refused note beside the one it contradicts. Kept once, and never more than `EVIDENCE_MAX`."""


class Memory(Protocol):
    def turn(self, origin: str) -> AbstractContextManager[Turn]: ...


class Witness:
    """One witness of some logs. `logs` maps an origin to the keys, all of which must have signed."""

    def __init__(self, key: WitnessKey, logs: Mapping[str, Keys], memory: Memory, clock_s: Callable[[], int]) -> None:
        self._key, self._logs, self._memory, self._clock_s = key, logs, memory, clock_s

    def add_checkpoint(self, request: str) -> Reply:
        """Cosign the checkpoint of a request, or say by a status why not. Remembered before it is answered."""
        try:
            old, proof, note = read_request(request)
            origin = read_checkpoint(note)[0].origin
        except NoteRefused:
            return Reply(400)
        vkeys = self._logs.get(origin)
        if vkeys is None:
            return Reply(404)
        try:
            checkpoint = open_checkpoint(note, vkeys)
        except NoteRefused:
            return Reply(403)
        if old > checkpoint.size:
            return Reply(400)
        with self._memory.turn(origin) as turn:
            return self._judged(turn, old, proof, checkpoint, only_of(note, vkeys))

    def _judged(self, turn: Turn, old: int, proof: Sequence[bytes], new: Checkpoint, note: str) -> Reply:
        last = turn.recorded()
        if old != last.size:
            if new.size == last.size and new.root != last.root:
                turn.keep_evidence(note)  # Whatever was asked: two trees of one size are a fork.
            return Reply(409, f"{last.size}\n", SIZE)
        try:
            verify_consistency(old, new.size, proof, last.root, new.root)
        except ProofRefused:
            turn.keep_evidence(note)
            return Reply(422)
        line = self._key.cosign(new, self._clock_s())
        turn.record(new, note + line)
        return Reply(200, line)


def request_of(old: int, proof: Sequence[str], note: str) -> str:
    """The body of an `add-checkpoint`; `proof` is one hash a line, in base64."""
    return "".join(f"{line}\n" for line in (f"old {old}", *proof, "")) + note


def read_request(text: str) -> tuple[int, list[bytes], str]:
    """The old size, the proof and the note, nothing verified."""
    head, blank, note = text.partition("\n\n")
    first, *lines = head.split("\n", PROOF_LINES_MAX + 1)
    match = _OLD.fullmatch(first)
    if not blank or match is None or len(lines) > PROOF_LINES_MAX or len(text) > 2 * NOTE_CHARS_MAX:
        raise NoteRefused("not a request")
    try:
        return int(match[1]), [b64decode(line, validate=True) for line in lines], note
    except (Base64Error, ValueError):
        raise NoteRefused("not a request") from None


def only_of(note: str, keys: Keys) -> str:
    """The note with the signatures of these keys alone, each once: what is kept has a known size."""
    checkpoint, lines = read_checkpoint(note)
    vkeys = demanded(note, checkpoint, keys)
    signed = {(name, key_id): signature for name, key_id, signature in lines}
    mine = [(vkey, signed[vkey.name, vkey.key_id]) for vkey in map(open_vkey, vkeys)]
    return checkpoint.text + "\n" + "".join(signature_line(vkey, signature) for vkey, signature in mine)


def is_fork(first: str, second: str, vkeys: Keys) -> bool:
    """Whether two notes prove by themselves that the log signed two histories: one size, two roots."""
    one, two = open_checkpoint(first, vkeys), open_checkpoint(second, vkeys)
    return one.size == two.size and one.root != two.root


def place_of(origin: str) -> str:
    """Under which name a witness serves and keeps what it cosigned of a log."""
    return sha256(origin.encode()).hexdigest()
