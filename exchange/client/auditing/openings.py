"""Facts opened against a log that was verified: every leaf is the log's own, every content what its leaf committed to.

Trusts the folder, which the offline verifier has gone through, and nothing the exchange says.
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from exchange.client.auditing.findings import Finding
from exchange.wire import canonical
from exchange.wire.entries import SECTION_TYPE, Entry, commitment
from exchange.wire.tiles import places, unbundle

CONTENT = "content"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    content: str
    salt: str


class _Opening(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    index: int
    entry: str
    sections: Mapping[str, _Section]


@dataclass(frozen=True, slots=True)
class Opened:
    """One fact of the log: its place, its leaf and as much of its content as could be shown to be its own."""

    index: int
    entry: Entry
    content: Mapping[str, Any]
    sealed: int
    findings: tuple[Finding, ...]


def opened(folder: Path, size: int, shown: Iterator[Any]) -> Iterator[Opened]:
    """Each fact of the log, with what the exchange shows of it. The log says which facts there are."""
    for index, leaf in enumerate(_leaves(folder, size)):
        entry = Entry.opened(leaf)
        said = _read(next(shown, None))
        if said is None or said.index != index or _unbased(said.entry) != leaf:
            yield Opened(
                index, entry, {}, 0, (_finding(index, entry, "the entry is not shown as it stands in the log"),)
            )
        else:
            yield _checked(index, entry, said)


def _checked(index: int, entry: Entry, said: _Opening) -> Opened:
    content: dict[str, Any] = {}
    findings = []
    for commit in entry.commit:
        section = said.sections.get(commit.what)
        if section is None:
            # Only what is about a person may be sealed, or erased; everything else is evidence.
            if commit.what == CONTENT:
                findings.append(_finding(index, entry, "its content is not shown"))
            continue
        try:
            data, salt = b64decode(section.content, validate=True), b64decode(section.salt, validate=True)
            if commitment(salt, SECTION_TYPE, data) != commit.tag:
                raise ValueError("another content")
            fields = canonical.decode(data)
            if not isinstance(fields, dict):
                raise ValueError("no fields")
            content |= fields
        except ValueError:
            findings.append(_finding(index, entry, f"its section {commit.what} is not what the log committed to"))
    sealed = len(entry.commit) - len(said.sections)
    return Opened(index, entry, content, sealed, tuple(findings))


def _finding(index: int, entry: Entry, says: str) -> Finding:
    return Finding(kind="section", row=entry.subject, entry=entry.id, index=index, says=says)


def _read(said: Any) -> _Opening | None:
    try:
        return _Opening.model_validate(said)
    except ValidationError:
        return None


def _unbased(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


def _leaves(folder: Path, size: int) -> Iterator[bytes]:
    for wanted in places(size):
        if wanted.kind == "entries":
            yield from unbundle((folder / "tile" / wanted.path).read_bytes())
