"""What a bank in files was told and said: its side of the books, in a file of its own.

What is final stays: a later word that says otherwise is kept as odd and changes nothing, for people to look at.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from exchange.settlement.bank_reports import Credit, Read, Word
from exchange.settlement.payment_orders import Transfer
from exchange.settlement.rails import Movement, RailAnswer, RailStatus

_TABLES = """
CREATE TABLE IF NOT EXISTS message (
    id TEXT PRIMARY KEY, created_us INTEGER NOT NULL, pay_on TEXT NOT NULL, written INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS transfer (
    key TEXT PRIMARY KEY, end_to_end_id TEXT NOT NULL UNIQUE, amount_fen INTEGER NOT NULL, name TEXT NOT NULL,
    account TEXT NOT NULL, message_id TEXT REFERENCES message, status TEXT NOT NULL DEFAULT 'PENDING',
    told_fen INTEGER, reference TEXT NOT NULL DEFAULT '', code TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS transfer_message ON transfer (message_id);
CREATE TABLE IF NOT EXISTS credit (
    reference TEXT NOT NULL, n INTEGER NOT NULL, amount_fen INTEGER NOT NULL, debtor TEXT NOT NULL, key TEXT UNIQUE,
    PRIMARY KEY (reference, n)
);
CREATE TABLE IF NOT EXISTS file (
    sha256 TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, message_id TEXT NOT NULL, code TEXT NOT NULL,
    at_us INTEGER NOT NULL, put_away INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS file_message ON file (kind, message_id) WHERE code = '';
CREATE TABLE IF NOT EXISTS odd (
    n INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT NOT NULL, about TEXT NOT NULL, amount_fen INTEGER NOT NULL
);
"""
_FINAL = (RailStatus.PAID, RailStatus.REJECTED)


class BankBooks:
    def __init__(self, place: Path) -> None:
        self._lock = Lock()
        self._db = sqlite3.connect(place, isolation_level=None, check_same_thread=False, timeout=30)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_TABLES)

    # What goes out.

    def ask(self, key: str, transfer: Transfer) -> RailAnswer:
        """To be written with the next file; asked again, it is the same transfer."""
        with self._changing() as db:
            db.execute(
                "INSERT OR IGNORE INTO transfer (key, end_to_end_id, amount_fen, name, account) VALUES (?, ?, ?, ?, ?)",
                (key, transfer.end_to_end_id, transfer.amount_fen, transfer.name, transfer.account),
            )
        return self.answer(key)

    def gather(self, message_id: str, created_us: int, pay_on: str, most: int) -> None:
        """Put what waits into one message, if anything does. What is in a message stays in it."""
        with self._changing() as db:
            waiting = db.execute("SELECT key FROM transfer WHERE message_id IS NULL ORDER BY key LIMIT ?", (most,))
            if keys := waiting.fetchall():
                db.execute(
                    "INSERT INTO message (id, created_us, pay_on) VALUES (?, ?, ?)", (message_id, created_us, pay_on)
                )
                db.executemany(
                    "UPDATE transfer SET message_id = ? WHERE key = ?", [(message_id, key) for (key,) in keys]
                )

    def unwritten(self) -> list[tuple[str, int, str]]:
        query = "SELECT id, created_us, pay_on FROM message WHERE written = 0 ORDER BY id"
        with self._lock:
            rows = self._db.execute(query).fetchall()
        return [(str(one), int(created_us), str(pay_on)) for one, created_us, pay_on in rows]

    def transfers(self, message_id: str) -> list[Transfer]:
        query = "SELECT end_to_end_id, amount_fen, name, account FROM transfer WHERE message_id = ? ORDER BY key"
        with self._lock:
            return [Transfer(*row) for row in self._db.execute(query, (message_id,))]

    def wrote(self, message_id: str) -> None:
        with self._changing() as db:
            db.execute("UPDATE message SET written = 1 WHERE id = ?", (message_id,))

    def answer(self, key: str) -> RailAnswer:
        """What the bank has said of a key so far."""
        query = "SELECT status, coalesce(told_fen, amount_fen), reference FROM transfer WHERE key = ?"
        with self._lock:
            row = self._db.execute(query, (key,)).fetchone()
        return RailAnswer(RailStatus(row[0]), int(row[1]), str(row[2])) if row else RailAnswer(RailStatus.NOT_FOUND)

    # What comes in.

    def credited(self, key: str, wanted: Credit) -> RailAnswer:
        """Whether such money was booked; once it is claimed by a key it is that key's for good."""
        with self._changing() as db:
            mine = "SELECT amount_fen, reference FROM credit WHERE key = ?"
            if (row := db.execute(mine, (key,)).fetchone()) is None:
                db.execute(
                    "UPDATE credit SET key = ? WHERE rowid = (SELECT min(rowid) FROM credit WHERE key IS NULL "
                    "AND reference = ? AND amount_fen = ? AND debtor = ? AND debtor <> '')",
                    (key, wanted.reference, wanted.amount_fen, wanted.debtor),
                )
                row = db.execute(mine, (key,)).fetchone()
        return RailAnswer(RailStatus.PAID, int(row[0]), f"credit_{row[1]}") if row else RailAnswer(RailStatus.NOT_FOUND)

    def take(self, name: str, digest: str, found: Read, at_us: int) -> str:
        """All of a file or nothing of it; answers with the code by which a copy is refused, empty if it is none."""
        with self._changing() as db:
            known = db.execute("SELECT code, put_away FROM file WHERE sha256 = ?", (digest,)).fetchone()
            if known is not None and not known[1]:
                return str(known[0])  # Read before a crash, and not put away yet.
            same = "SELECT 1 FROM file WHERE code = '' AND kind = ? AND message_id = ?"
            if known is not None or db.execute(same, (found.kind, found.message_id)).fetchone():
                self._file(db, name, digest, found, "E_RAIL_FILE_DUPLICATE", at_us)
                return "E_RAIL_FILE_DUPLICATE"
            self._file(db, name, digest, found, "", at_us)
            for word in found.words:
                self._hear(db, word)
            for credit in found.credits:
                self._credit(db, credit)
        return ""

    def refused(self, name: str, digest: str, code: str, at_us: int) -> None:
        with self._changing() as db:
            self._file(db, name, digest, Read("", "", (), ()), code, at_us)

    def put_away(self, digest: str) -> None:
        with self._changing() as db:
            db.execute("UPDATE file SET put_away = 1 WHERE sha256 = ?", (digest,))

    def files(self) -> list[tuple[str, str, str, str, str]]:
        """Every file of the bank: name, SHA-256, kind, its own id, and the code by which it was refused."""
        query = "SELECT name, sha256, kind, message_id, code FROM file ORDER BY at_us, name"
        with self._lock:
            return self._db.execute(query).fetchall()

    def movements(self) -> Iterator[Movement]:
        with self._lock:
            out = self._db.execute("SELECT key, status, coalesce(told_fen, amount_fen) FROM transfer").fetchall()
            came = self._db.execute("SELECT key, reference, amount_fen FROM credit ORDER BY reference, n").fetchall()
            odd = self._db.execute("SELECT what, about, amount_fen FROM odd ORDER BY n").fetchall()
        for key, status, fen in out:
            yield Movement(key, RailStatus(status), fen)
        for key, reference, fen in came:
            yield Movement(key or reference, RailStatus.PAID, -fen, "" if key else "UNCLAIMED")
        for what, about, fen in odd:
            yield Movement(about, RailStatus.PAID, fen, what)

    @staticmethod
    def _file(db: sqlite3.Connection, name: str, digest: str, found: Read, code: str, at_us: int) -> None:
        """A copy of what was read leaves the first note as it was, and one of its own."""
        known = db.execute("SELECT count(*) FROM file WHERE sha256 = ? OR sha256 LIKE ?", (digest, f"{digest}#%"))
        n = int(known.fetchone()[0])
        place = digest if n == 0 else f"{digest}#{n}"
        row = (place, name, found.kind, found.message_id, code, at_us, int(n > 0))
        db.execute("INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def _hear(self, db: sqlite3.Connection, word: Word) -> None:
        by_message = word.message_id and not word.end_to_end_id
        where, known = ("message_id = ?", word.message_id) if by_message else ("end_to_end_id = ?", word.end_to_end_id)
        query = f"SELECT key, status, coalesce(told_fen, amount_fen) FROM transfer WHERE {where}"  # noqa: S608 - one of two plain words
        rows = db.execute(query, (known,)).fetchall()
        if not rows:
            self._note(db, "UNKNOWN_TRANSFER", word.end_to_end_id or word.message_id, word.amount_fen or 0)
        for key, status, amount_fen in rows:
            if RailStatus(status) in _FINAL:
                if word.status in _FINAL and word.status != status:
                    self._note(db, f"{word.status}_AFTER_{status}", key, word.amount_fen or amount_fen)
                elif word.amount_fen not in (None, amount_fen):
                    self._note(db, "AMOUNT_AFTER_PAID", key, word.amount_fen or 0)
                continue
            db.execute(
                "UPDATE transfer SET status = ?, told_fen = ?, reference = ?, code = ? WHERE key = ?",
                (word.status.value, word.amount_fen, word.reference or _own_word(key), word.code, key),
            )

    @staticmethod
    def _credit(db: sqlite3.Connection, credit: Credit) -> None:
        n = int(db.execute("SELECT count(*) FROM credit WHERE reference = ?", (credit.reference,)).fetchone()[0])
        row = (credit.reference, n, credit.amount_fen, credit.debtor)
        db.execute("INSERT INTO credit (reference, n, amount_fen, debtor) VALUES (?, ?, ?, ?)", row)

    @staticmethod
    def _note(db: sqlite3.Connection, what: str, about: str, amount_fen: int) -> None:
        db.execute("INSERT INTO odd (what, about, amount_fen) VALUES (?, ?, ?)", (what, about, amount_fen))

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


def _own_word(key: str) -> str:
    return "e2e_" + hashlib.sha256(key.encode()).hexdigest()[:24]
