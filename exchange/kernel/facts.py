"""Facts as they cross between memory and the log: an event with its circumstances, out to a draft and back in."""

import secrets
from dataclasses import dataclass

from exchange.kernel.entity import EVENTS, Event
from exchange.ledger.entries import Draft, Section, Stored
from exchange.wire import canonical
from exchange.wire.entries import SECTION_TYPE, Commit, Entry, commitment


@dataclass(frozen=True, slots=True)
class Fact:
    """An event that happened: to what, when (UTC µs), by whom, and under which rules. `idx` is its place in the log."""

    id: str
    subject: str
    version: int
    at: int
    actor: str
    rule: str
    event: Event
    refs: tuple[str, ...] = ()
    idx: int | None = None


def draft(fact: Fact) -> Draft:
    """The leaf with its commitments, and the sections it commits to."""
    sections = {
        what: Section(salt=secrets.token_bytes(32), content=canonical.encode(fields))
        for what, fields in fact.event.sections().items()
    }
    commits = tuple(
        Commit(tag=commitment(section.salt, SECTION_TYPE, section.content), what=what)
        for what, section in sorted(sections.items())
    )
    entry = Entry(
        actor=fact.actor,
        at=fact.at,
        commit=commits,
        id=fact.id,
        refs=fact.refs,
        rule=fact.rule,
        subject=fact.subject,
        type=fact.event.WIRE_TYPE,
        version=fact.version,
    )
    return Draft(entry=entry, sections=sections)


def read(stored: Stored) -> Fact:
    """The fact of a stored entry. Personal fields come back as their defaults, erased or not."""
    entry, fields = stored.entry, {}
    for section in stored.sections.values():
        fields.update(canonical.decode(section.content))
    return Fact(
        id=entry.id,
        subject=entry.subject,
        version=entry.version,
        at=entry.at,
        actor=entry.actor,
        rule=entry.rule,
        event=EVENTS[entry.type].model_validate(fields),
        refs=entry.refs,
        idx=stored.idx,
    )
