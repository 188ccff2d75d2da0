"""Writing facts and reading them back. Nothing here assigns an index, hashes the tree or changes what is written.

What is malformed is refused here, inside the business transaction, so no row can ever stop the sequencer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from exchange.wire.entries import PERSONAL, SECTION_TYPE, Entry, commitment
from exchange.wire.event_types import TYPES

_ROWS_A_STATEMENT = 500
_STORED = "SELECT i.idx, e.body, s.what, s.salt, s.content, e.id"
_EVENT = "event (id, type, subject, version, at, actor, body)"
_SECTION = "section (event_id, what, salt, payload_type, content)"


class StaleVersion(Exception):
    """Somebody else wrote this version of the subject first, or the one before it does not exist."""


class BadDraft(ValueError):
    """The draft may not enter the log. The message says the rule, never the content."""


@dataclass(frozen=True, slots=True)
class Section:
    """Content beside the log, and the salt that proves it."""

    salt: bytes
    content: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """A fact to be written. Of a section that is also in `sealed`, only the ciphertext there is stored."""

    entry: Entry
    sections: Mapping[str, Section] = field(default_factory=dict)
    sealed: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stored:
    """A fact as written: `idx` is None until the sequencer placed it; a sealed or erased section is missing."""

    entry: Entry
    idx: int | None
    sections: Mapping[str, Section]


def append(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Insert facts, in order, into the caller's transaction. The statement that inserts them marks them pending."""
    if not drafts:
        return
    for draft in drafts:
        _inspect(draft)
    _follow(connection, [draft.entry for draft in drafts])
    events = [(e.id, e.type, e.subject, e.version, e.at, e.actor, e.encode()) for e in (d.entry for d in drafts)]
    sections = [
        (draft.entry.id, what, *_kept(section, draft.sealed.get(what)))
        for draft in drafts
        for what, section in draft.sections.items()
    ]
    try:
        _insert(connection, _EVENT, events)
    except IntegrityError as error:
        if _is_version_conflict(error):
            raise StaleVersion("the subject has moved on") from None
        raise
    _insert(connection, _SECTION, sections)


def stream(connection: Connection, subject: str, after_version: int = 0) -> list[Stored]:
    """The facts of one subject, oldest first, sequenced or not."""
    mark = _mark(connection)
    rows = connection.exec_driver_sql(
        f"{_STORED} FROM event e LEFT JOIN event_index i ON i.n = e.n LEFT JOIN section s ON s.event_id = e.id "
        f"WHERE e.subject = {mark} AND e.version > {mark} ORDER BY e.version",
        (subject, after_version),
    )
    return list(_gathered(rows))


def one(connection: Connection, event_id: str) -> Stored:
    """One fact by its id. Raises `LookupError` when there is none."""
    rows = connection.exec_driver_sql(
        f"{_STORED} FROM event e LEFT JOIN event_index i ON i.n = e.n LEFT JOIN section s ON s.event_id = e.id "
        f"WHERE e.id = {_mark(connection)}",
        (event_id,),
    )
    found = list(_gathered(rows))
    if not found:
        raise LookupError("no such fact")
    return found[0]


def after(connection: Connection, idx: int, limit: int) -> list[Stored]:
    """For followers: the next sequenced facts after a cursor (start with -1), in the order of the log."""
    mark = _mark(connection)
    rows = connection.exec_driver_sql(
        f"{_STORED} FROM event_index i JOIN event e ON e.n = i.n LEFT JOIN section s ON s.event_id = e.id "
        f"WHERE i.idx > {mark} AND i.idx <= {mark} ORDER BY i.idx",
        (idx, idx + limit),  # Indices are dense, so a range is a limit.
    )
    return list(_gathered(rows))


def all_in_order(connection: Connection) -> Iterator[Stored]:
    """For rebuilding: every fact, the sequenced ones in the order of the log, then the rest as inserted."""
    # The pending ones first: what is sequenced while we read would otherwise slip between the two queries.
    tail = connection.exec_driver_sql(
        f"{_STORED} FROM pending p JOIN event e ON e.n = p.n LEFT JOIN event_index i ON i.n = e.n "
        "LEFT JOIN section s ON s.event_id = e.id ORDER BY e.n"
    )
    waiting = {stored.entry.id: stored for stored in _gathered(tail)}
    cursor = -1
    while page := after(connection, cursor, 1000):
        for stored in page:
            waiting.pop(stored.entry.id, None)
            yield stored
        cursor += len(page)
    yield from waiting.values()


def _inspect(draft: Draft) -> None:
    if draft.entry.type not in TYPES:
        raise BadDraft("the type is not in the closed list")
    if {commit.what for commit in draft.entry.commit} != set(draft.sections):
        raise BadDraft("the sections are not those committed to")
    for commit in draft.entry.commit:
        section = draft.sections[commit.what]
        if commitment(section.salt, SECTION_TYPE, section.content) != commit.tag:
            raise BadDraft("a section does not open its commitment")
    if PERSONAL in draft.sections and PERSONAL not in draft.sealed:
        raise BadDraft("what is about a person is written sealed or not at all")


def _kept(section: Section, sealed: bytes | None) -> tuple[bytes | None, str, bytes]:
    """The salt is sealed with the content: whoever has it can guess a name and be told that it was right."""
    return (section.salt, SECTION_TYPE, section.content) if sealed is None else (None, SECTION_TYPE, sealed)


def _follow(connection: Connection, entries: list[Entry]) -> None:
    """Every reference and every preceding version exists already: the log is never given a hole or a look ahead."""
    written: set[str] = set()
    heads: dict[str, int] = {}
    refs: dict[str, None] = {}
    preceding: list[tuple[str, int]] = []
    for entry in entries:
        refs.update(dict.fromkeys(ref for ref in entry.refs if ref not in written))
        if entry.subject in heads:
            if entry.version != heads[entry.subject] + 1:
                raise StaleVersion("a version is skipped")
        elif entry.version > 1:
            preceding.append((entry.subject, entry.version - 1))
        heads[entry.subject] = entry.version
        written.add(entry.id)
    if not refs and not preceding:
        return
    found, versions = _existing(connection, list(refs), preceding)
    if len(versions) != len(preceding):
        raise StaleVersion("a version is skipped")
    if len(found) != len(refs):
        raise BadDraft("a reference is to no earlier entry")


def _existing(
    connection: Connection, refs: list[str], preceding: list[tuple[str, int]]
) -> tuple[set[str], set[tuple[str, int]]]:
    mark = _mark(connection)
    parts: list[str] = []
    if refs:
        parts.append(f"SELECT id, '', 0 FROM event WHERE id IN ({', '.join([mark] * len(refs))})")  # noqa: S608 - marks only
    if preceding:
        each = " OR ".join([f"(subject = {mark} AND version = {mark})"] * len(preceding))
        parts.append(f"SELECT '', subject, version FROM event WHERE {each}")  # noqa: S608 - marks only
    values = (*refs, *(value for pair in preceding for value in pair))
    rows = connection.exec_driver_sql(" UNION ALL ".join(parts), values).all()
    return {row[0] for row in rows if row[0]}, {(row[1], row[2]) for row in rows if row[1]}


def _insert(connection: Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    for start in range(0, len(rows), _ROWS_A_STATEMENT):
        part = rows[start : start + _ROWS_A_STATEMENT]
        values = tuple(value for row in part for value in row)
        connection.exec_driver_sql(_insert_sql(into, len(part[0]), len(part), _mark(connection)), values)


@lru_cache(maxsize=64)
def _insert_sql(into: str, columns: int, rows: int, mark: str) -> str:
    row = f"({', '.join([mark] * columns)})"
    return f"INSERT INTO {into} VALUES {', '.join([row] * rows)}"  # noqa: S608 - marks only


def _mark(connection: Connection) -> str:
    return "?" if connection.dialect.name == "sqlite" else "%s"


def _is_version_conflict(error: IntegrityError) -> bool:
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return bool(diagnosis.constraint_name == "uq_event_subject")
    return "event.subject, event.version" in str(error.orig)


def _gathered(rows: Any) -> Iterator[Stored]:
    """One `Stored` per event from rows that repeat it once per section."""
    current: tuple[Any, ...] | None = None
    sections: dict[str, Section] = {}
    for row in rows:
        if current is not None and row[5] != current[5]:
            yield _stored(current, sections)
            sections = {}
        current = row
        if row[2] is not None and row[3] is not None and row[4] is not None:
            sections[row[2]] = Section(bytes(row[3]), bytes(row[4]))
    if current is not None:
        yield _stored(current, sections)


def _stored(row: tuple[Any, ...], sections: dict[str, Section]) -> Stored:
    return Stored(Entry.model_validate_json(bytes(row[1])), row[0], sections)
