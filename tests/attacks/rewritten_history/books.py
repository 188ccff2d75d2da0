"""A log with all that belongs to it, a superuser's hand in its database, and a reader who is told nothing but its keys.

The superuser drops every trigger that refuses a change: those are manners, and not what catches him.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from exchange.client.verify import VerificationRefused, verify_log
from exchange.ledger.entries import Draft
from exchange.ledger.export import export
from exchange.ledger.guard import ForkRefused, Guard, GuardedKeys
from exchange.ledger.sequencer import Sequencer
from exchange.ledger.signer import sign_head
from exchange.ledger.store import Store
from exchange.wire.notes import Checkpoint, LogSigner
from tests.exchange.ledger.facts import NOW_US, ORIGIN, draft, write

SIGNER = LogSigner(ORIGIN, bytes(range(32)), bytes(range(32, 64)))
_REFUSING = {
    "sqlite": "SELECT name, '' FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_no_%'",
    "postgresql": "SELECT tgname, tgrelid::regclass::text FROM pg_trigger "
    "WHERE NOT tgisinternal AND tgname LIKE '%%_no_%%'",
}


def refused(folder: Path, old_note: str | None = None, **asked: Any) -> str:
    """What an offline reader with both keys, and perhaps a memory, is told of this folder."""
    with pytest.raises(VerificationRefused) as caught:
        verify_log(folder, SIGNER.vkeys(), old_note, **asked)
    return str(caught.value)


class Log:
    def __init__(self, store: Store, home: Path) -> None:
        self.store, self.home = store, home
        self.guard = Guard(home / "guard.json")
        self.exports = 0

    def write(self, *drafts: Draft) -> None:
        """Facts that are placed and signed."""
        write(self.store, *drafts)
        Sequencer(self.store).run_once()
        self.sign()

    def grow(self, count: int) -> list[Draft]:
        drafts = [draft(f"ord_{secrets.token_hex(8)}") for _ in range(count)]
        self.write(*drafts)
        return drafts

    def sign(self) -> Checkpoint | None:
        return sign_head(self.store, GuardedKeys(SIGNER, self.guard), NOW_US)

    def not_signed(self) -> str:
        """Why the holder of the keys does not sign the head."""
        with pytest.raises(ForkRefused) as caught:
            self.sign()
        return str(caught.value)

    def exported(self, folder: Path | None = None) -> Path:
        """The log as everybody can read it now."""
        self.exports += 1
        folder = folder or self.home / f"export{self.exports}"
        export(self.store, folder, SIGNER.vkeys())
        return folder

    def note(self) -> str:
        return (self.exported() / "checkpoint").read_text()

    def edit(self, sql: str, *values: Any) -> None:
        """With every right on the database."""
        with self.store.writing() as connection:
            dialect = connection.dialect.name
            for name, table in connection.exec_driver_sql(_REFUSING[dialect]).all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}" + (f" ON {table}" if table else ""))
            marked = sql if dialect == "sqlite" else sql.replace("?", "%s")
            assert connection.exec_driver_sql(marked, values).rowcount > 0

    def read(self, sql: str) -> Sequence[Any]:
        with self.store.reading() as connection:
            return connection.exec_driver_sql(sql).all()

    def body(self, index: int) -> bytes:
        return bytes(
            self.read(f"SELECT e.body FROM event e JOIN event_index i ON i.n = e.n WHERE i.idx = {index}")[0][0]
        )

    def tile(self, level: int = 0, n: int = 0) -> bytes:
        return bytes(self.read(f"SELECT data FROM tile WHERE level = {level} AND n = {n}")[0][0])
