"""A log proof (C2SP tlog-proof): one entry's place in a signed tree, verified with no server and no network."""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import Self

from exchange.wire.merkle import HASH_BYTES, ProofRefused, leaf_hash, verify_inclusion
from exchange.wire.notes import NOTE_CHARS_MAX, Checkpoint, Keys, NoteRefused, open_checkpoint

_HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)
_HASHES_MAX = 63


@dataclass(frozen=True, slots=True)
class LogProof:
    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str  # The signed note, verbatim.

    @property
    def text(self) -> str:
        hashes = "".join(b64encode(one).decode() + "\n" for one in self.hashes)
        return f"{_HEADER}\nindex {self.index}\n{hashes}\n{self.checkpoint}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The parts of a proof, nothing verified. Extra data is not ours and is refused."""
        if len(text) > 2 * NOTE_CHARS_MAX:
            raise ProofRefused("not a log proof")
        head, blank, note = text.partition("\n\n")
        header, *lines = head.split("\n")
        match = _INDEX.fullmatch(lines[0]) if lines else None
        if header != _HEADER or match is None or not blank or len(lines) > 1 + _HASHES_MAX:
            raise ProofRefused("not a log proof")
        return cls(int(match[1]), tuple(map(_hash, lines[1:])), note)


def verify_entry(proof: LogProof, leaf_bytes: bytes, vkeys: Keys) -> Checkpoint:
    """That these very bytes are in the log, at a checkpoint all these keys signed; answers with the checkpoint."""
    try:
        checkpoint = open_checkpoint(proof.checkpoint, vkeys)
    except NoteRefused as refused:
        raise ProofRefused(str(refused)) from None
    verify_inclusion(proof.index, checkpoint.size, leaf_hash(leaf_bytes), proof.hashes, checkpoint.root)
    return checkpoint


def _hash(line: str) -> bytes:
    try:
        found = b64decode(line, validate=True)
    except (Base64Error, ValueError):
        raise ProofRefused("not a log proof") from None
    if len(found) != HASH_BYTES or b64encode(found).decode() != line:
        raise ProofRefused("not a log proof")
    return found
