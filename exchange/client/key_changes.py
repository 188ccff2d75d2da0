"""The changes of a log's keys as the log itself holds them: each an opened entry with an act of the offline root in it.

Trusts the root key it is given, and takes no change that the log does not hold.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from exchange.wire import canonical
from exchange.wire.cosignatures import cosigners
from exchange.wire.entries import SECTION_TYPE, BadEntry, Entry, commitment
from exchange.wire.envelope import Envelope
from exchange.wire.keys import BadKey, PublicKey
from exchange.wire.log_keys import CHANGES_MAX, LogKeys
from exchange.wire.merkle import leaf_hash
from exchange.wire.notes import Keys, NoteRefused, are_both

FILE = "key-changes.json"
CHANGES = frozenset({"key.added", "key.retired", "key.compromised"})
"""The types of those entries."""


class Opened(BaseModel):
    """One entry with its content and salt, in base64."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    entry: str
    content: str
    salt: str


class Changes:
    """What a folder or an exchange shows. `leaves` are the hashes of the entries that must be in the log."""

    def __init__(self, shown: Sequence[Any]) -> None:
        self.envelopes: list[Envelope] = []
        self.leaves: list[bytes] = []
        try:
            for one in map(Opened.model_validate, shown[:CHANGES_MAX]):
                leaf, content = b64decode(one.entry, validate=True), b64decode(one.content, validate=True)
                tag = commitment(b64decode(one.salt, validate=True), SECTION_TYPE, content)
                if tag not in {commit.tag for commit in Entry.opened(leaf).commit}:
                    raise NoteRefused("a change of the keys is not what the log committed to")
                self.leaves.append(leaf_hash(leaf))
                self.envelopes.append(Envelope.model_validate(canonical.decode(content)["change"]))
        except (BadEntry, ValidationError, ValueError, KeyError, TypeError):
            raise NoteRefused("the changes of the keys cannot be read") from None

    def keys(self, vkeys: Sequence[str], root: str, is_cosigned: Callable[[str], bool] = lambda _: False) -> LogKeys:
        """The keys of the log from those it began with to those of now."""
        return LogKeys.pinned(vkeys, is_cosigned).told(self.envelopes, PublicKey.parsed(root))


def read_changes(text: str) -> Changes:
    """As kept beside a mirrored or exported log."""
    try:
        shown = json.loads(text)
    except ValueError:
        shown = None
    if not isinstance(shown, list):
        raise NoteRefused("the changes of the keys cannot be read")
    return Changes(shown)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom the reader believes: the log's first keys, the root that speaks for later ones, witnesses."""

    vkeys: Sequence[str]
    root: str = ""
    witnesses: Sequence[str] = ()
    quorum: int = 0

    def is_cosigned(self, note: str) -> bool:
        """Whether the witnesses stand behind a note of a key that is compromised: at least one must."""
        try:
            return len(cosigners(note, self.witnesses)) >= max(1, self.quorum)
        except NoteRefused:
            return False


def known(trust: Trust, folder: Path) -> tuple[Changes, Keys]:
    """Which keys must have signed what, by the changes that lie in the folder; none are looked at without a root.

    That they are all the log holds is for whoever reads its entries to see.
    """
    if not are_both(trust.vkeys):
        raise NoteRefused("the trusted keys are not of both algorithms")
    path = folder / FILE
    if not trust.root or not path.exists():
        return Changes(()), trust.vkeys
    try:
        changes = read_changes(path.read_text("utf-8"))
        return changes, changes.keys(trust.vkeys, trust.root, trust.is_cosigned)
    except (BadKey, OSError, UnicodeDecodeError):
        raise NoteRefused("the changes of the keys cannot be read") from None
