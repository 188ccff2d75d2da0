"""Drafts of made-up facts for the tests of the log."""

import secrets

from exchange.ledger.entries import Draft, Section, append
from exchange.ledger.store import Store
from exchange.wire.entries import SECTION_TYPE, Commit, Entry, commitment

ORIGIN = "ledger.exchange.example/test/2026"
NOW_US = 1_767_225_600_000_000


def draft(subject: str, version: int = 1, refs: tuple[str, ...] = (), content: bytes = b'{"fen":100}') -> Draft:
    salt = secrets.token_bytes(32)
    entry = Entry(
        actor="org_exchange",
        at=NOW_US,
        commit=(Commit(tag=commitment(salt, SECTION_TYPE, content), what="payload"),),
        id=f"evt_{secrets.token_urlsafe(16)}",
        refs=refs,
        rule="2026.1",
        subject=subject,
        type="order.placed" if version == 1 else "ticket.issued",
        version=version,
    )
    return Draft(entry, {"payload": Section(salt, content)})


def write(store: Store, *drafts: Draft) -> None:
    with store.writing() as connection:
        append(connection, drafts)
