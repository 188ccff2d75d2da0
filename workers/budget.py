"""What queries over this domain's data have cost in privacy, and the noisy answers that are paid for already.

Kept in the domain's own journal: the domain alone decides whether there is enough left. What is spent is on disk before
a row is read and is never given back: whether a query then failed or was stopped may hang on the data.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from workers.statefile import StateFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS privacy_account (id TEXT PRIMARY KEY, rho_nrho INTEGER NOT NULL, delta_e15 INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS privacy_spent (ticket_id TEXT PRIMARY KEY, rho_nrho INTEGER NOT NULL,
    delta_e15 INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS stored_answer (id TEXT PRIMARY KEY, body BLOB NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one answer costs: rho in 1e-9, delta in 1e-15. Both add."""

    rho_nrho: int
    delta_e15: int

    def __post_init__(self) -> None:
        if self.rho_nrho <= 0 or self.delta_e15 < 0:
            raise ValueError("an answer with noise costs something")


@dataclass(frozen=True, slots=True)
class Account:
    """One account, and how much may be spent from it in all."""

    id: str
    cap: Cost


class Budget:
    """Accounts, what each ticket spent, and stored answers."""

    def __init__(self, file: StateFile) -> None:
        file.create(_SCHEMA)
        self._changing, self._reading = file.changing, file.reading

    def spend(self, ticket_id: str, accounts: Sequence[Account], cost: Cost) -> bool:
        """True if every account has enough left, and then all are charged; else nothing is. Once a ticket."""
        with self._changing() as db:
            if db.execute("SELECT 1 FROM privacy_spent WHERE ticket_id = ?", (ticket_id,)).fetchone() is not None:
                return False
            if not all(_has(db, account, cost) for account in accounts):
                return False
            for account in accounts:
                db.execute(
                    "INSERT INTO privacy_account VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                    "rho_nrho = rho_nrho + excluded.rho_nrho, delta_e15 = delta_e15 + excluded.delta_e15",
                    (account.id, cost.rho_nrho, cost.delta_e15),
                )
            db.execute("INSERT INTO privacy_spent VALUES (?, ?, ?)", (ticket_id, cost.rho_nrho, cost.delta_e15))
            return True

    def spent_nrho(self, ticket_id: str) -> int:
        """What a ticket has spent, whatever came of it."""
        with self._reading() as db:
            row = db.execute("SELECT rho_nrho FROM privacy_spent WHERE ticket_id = ?", (ticket_id,)).fetchone()
        return int(row[0]) if row else 0

    def balance(self, account_id: str) -> tuple[int, int]:
        """What was spent from an account so far: rho in 1e-9 and delta in 1e-15."""
        with self._reading() as db:
            return _balance(db, account_id)

    def stored(self, answer_id: str) -> bytes | None:
        """The answer once given to the same question: giving it again tells nothing new."""
        with self._reading() as db:
            row = db.execute("SELECT body FROM stored_answer WHERE id = ?", (answer_id,)).fetchone()
        return bytes(row[0]) if row else None

    def store(self, answer_id: str, body: bytes) -> None:
        """The first answer stays: a question asked twice at once is paid twice and stored once."""
        with self._changing() as db:
            db.execute("INSERT OR IGNORE INTO stored_answer VALUES (?, ?)", (answer_id, body))


def _has(db: sqlite3.Connection, account: Account, cost: Cost) -> bool:
    rho, delta = _balance(db, account.id)
    return rho + cost.rho_nrho <= account.cap.rho_nrho and delta + cost.delta_e15 <= account.cap.delta_e15


def _balance(db: sqlite3.Connection, account_id: str) -> tuple[int, int]:
    query = "SELECT rho_nrho, delta_e15 FROM privacy_account WHERE id = ?"
    row = db.execute(query, (account_id,)).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
