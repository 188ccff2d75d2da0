"""A log of made-up facts for measuring and for breaking: its keys are known to everybody, its facts mean nothing."""

import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from exchange.ledger import tables
from exchange.ledger.entries import Draft, Section, append
from exchange.ledger.export import export
from exchange.ledger.guard import Guard, GuardedKeys
from exchange.ledger.sequencer import Sequencer
from exchange.ledger.signer import sign_head
from exchange.ledger.store import Store
from exchange.wire.entries import SECTION_TYPE, Commit, Entry, commitment
from exchange.wire.notes import LogSigner

SIGNER = LogSigner("ledger.exchange.example/bench/2026", bytes(32), bytes(range(32)))
CONTENT = b'{"fen":100}'


def draft(
    subject: str = "", version: int = 1, refs: tuple[str, ...] = (), content: bytes = CONTENT, at_us: int | None = None
) -> Draft:
    """A fact, now and about a subject nobody spoke of before, where nothing else is said."""
    salt = secrets.token_bytes(32)
    entry = Entry(
        actor="org_exchange",
        at=time.time_ns() // 1_000 if at_us is None else at_us,
        commit=(Commit(tag=commitment(salt, SECTION_TYPE, content), what="payload"),),
        id=f"evt_{secrets.token_urlsafe(16)}",
        refs=refs,
        rule="2026.1",
        subject=subject or f"ord_{secrets.token_urlsafe(12)}",
        type="order.placed" if version == 1 else "ticket.issued",
        version=version,
    )
    return Draft(entry, {"payload": Section(salt, content)})


def opened(url: str) -> Store:
    store = Store(url)
    tables.create(store)
    return store


def write(store: Store, facts: Sequence[Draft]) -> None:
    with store.writing() as connection:
        append(connection, facts)


def settle(store: Store, home: Path) -> None:
    """Place, sign and export all there is."""
    while Sequencer(store).run_once():
        pass
    sign_head(store, GuardedKeys(SIGNER, Guard(home / "guard.json")), time.time_ns() // 1_000)
    export(store, home / "export", SIGNER.vkeys())
