"""A SIMULATOR of a rail: no money moves. It believes every incoming reference, keeps its own books in a file of its own
and survives a restart, as a bank or a wallet operator would. A rehearsal can make it lose, refuse or mistake a payment.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from threading import Lock

from exchange.settlement.rails import Account, Holding, Movement, RailAnswer, RailStatus, Wallet
from policies.wallets import Caps

_TABLES = """
CREATE TABLE IF NOT EXISTS moved (
    key TEXT PRIMARY KEY, way TEXT NOT NULL, account TEXT NOT NULL, amount_fen INTEGER NOT NULL, day TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS wallet (account TEXT PRIMARY KEY, balance_fen INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS fault (n INTEGER PRIMARY KEY AUTOINCREMENT, fault TEXT NOT NULL);
"""


class Fault(StrEnum):
    """What a rehearsal can make the simulator do to one payout instead of paying it and saying so."""

    LOST_BEFORE_PAYING = "LOST_BEFORE_PAYING"
    LOST_AFTER_PAYING = "LOST_AFTER_PAYING"
    NACK = "NACK"
    REJECTED = "REJECTED"
    WRONG_AMOUNT = "WRONG_AMOUNT"


class Simulator:
    """One rail, simulated. `caps` are the wallet operator's own: it refuses what goes beyond, whatever we think.

    A wallet is conditional (元管家): what a payer put in stays the payer's until it is released by key; no payee pulls.
    """

    def __init__(self, name: str, place: Path | None, today: Callable[[], date], caps: Mapping[Wallet, Caps]) -> None:
        self.name = name
        self._today = today
        self._caps = caps
        self._lock = Lock()
        self._db = sqlite3.connect(place or ":memory:", isolation_level=None, check_same_thread=False, timeout=30)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(_TABLES)
        self.releases = 0
        """How often it was told to pay what it did not know, whatever it answered."""

    def reserve(self, *, key: str, payer: Account, amount_fen: int) -> RailAnswer:
        with self._changing():
            return self._once(key, "in", payer.payee_id, amount_fen)

    def release(self, *, key: str, to: Account, amount_fen: int) -> RailAnswer:
        with self._changing():
            if (known := self._known(key)) is not None:
                return known
            self.releases += 1
            fault = self._next_fault()
            if fault in (Fault.NACK, Fault.REJECTED):
                return RailAnswer(RailStatus(fault.value))
            if fault is Fault.LOST_BEFORE_PAYING:
                return RailAnswer(RailStatus.UNKNOWN)
            if not self._fits(to, amount_fen):
                return RailAnswer(RailStatus.REJECTED)
            told_fen = amount_fen - 1 if fault is Fault.WRONG_AMOUNT else amount_fen
            answer = self._once(key, "out", to.reference, told_fen)
            self._add(to.reference, told_fen)
            return RailAnswer(RailStatus.UNKNOWN) if fault is Fault.LOST_AFTER_PAYING else answer

    def refund(self, *, key: str, to: Account, amount_fen: int) -> RailAnswer:
        with self._changing():
            return self._once(key, "out", to.reference, amount_fen)

    def query(self, key: str) -> RailAnswer:
        with self._lock:
            return self._known(key) or RailAnswer(RailStatus.NOT_FOUND)

    def holding(self, to: Account) -> Holding:
        with self._lock:
            return self._holding(to.reference)

    def movements(self) -> Iterator[Movement]:
        with self._lock:
            rows = self._db.execute("SELECT key, way, amount_fen FROM moved ORDER BY key").fetchall()
        for key, way, amount_fen in rows:
            yield Movement(str(key), RailStatus.PAID, amount_fen if way == "out" else -amount_fen)

    def carry(self) -> None:
        """Nothing: it answers at once."""

    def rehearse(self, faults: Iterable[Fault]) -> None:
        """What the next payouts meet, one fault each."""
        with self._changing():
            self._db.executemany("INSERT INTO fault (fault) VALUES (?)", [(fault.value,) for fault in faults])

    def fill(self, reference: str, balance_fen: int) -> None:
        """What a wallet holds from elsewhere."""
        with self._changing():
            self._db.execute(
                "INSERT INTO wallet VALUES (?, ?) ON CONFLICT DO UPDATE SET balance_fen = excluded.balance_fen",
                (reference, balance_fen),
            )

    def _fits(self, to: Account, amount_fen: int) -> bool:
        caps, held = self._caps.get(to.wallet), self._holding(to.reference)
        return caps is None or (
            amount_fen <= caps.payment_max_fen
            and held.today_fen + amount_fen <= caps.day_max_fen
            and held.balance_fen + amount_fen <= caps.balance_max_fen
        )

    def _holding(self, reference: str) -> Holding:
        row = self._db.execute("SELECT balance_fen FROM wallet WHERE account = ?", (reference,)).fetchone()
        today = self._db.execute(
            "SELECT coalesce(sum(amount_fen), 0) FROM moved WHERE way = 'out' AND account = ? AND day = ?",
            (reference, self._today().isoformat()),
        ).fetchone()
        return Holding(int(row[0]) if row else 0, int(today[0]))

    def _add(self, reference: str, amount_fen: int) -> None:
        self._db.execute(
            "INSERT INTO wallet VALUES (?, ?) ON CONFLICT DO UPDATE SET balance_fen = balance_fen + ?",
            (reference, amount_fen, amount_fen),
        )

    def _next_fault(self) -> Fault | None:
        row = self._db.execute("DELETE FROM fault WHERE n = (SELECT min(n) FROM fault) RETURNING fault").fetchone()
        return Fault(row[0]) if row else None

    def _once(self, key: str, way: str, account: str, amount_fen: int) -> RailAnswer:
        day = self._today().isoformat()
        self._db.execute("INSERT OR IGNORE INTO moved VALUES (?, ?, ?, ?, ?)", (key, way, account, amount_fen, day))
        return self._known(key) or RailAnswer(RailStatus.UNKNOWN)

    def _known(self, key: str) -> RailAnswer | None:
        row = self._db.execute("SELECT amount_fen FROM moved WHERE key = ?", (key,)).fetchone()
        reference = f"sim_{self.name}_" + hashlib.sha256(key.encode()).hexdigest()[:24]
        return RailAnswer(RailStatus.PAID, int(row[0]), reference) if row else None

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
