"""The bank as folders: payment orders go to `outbox`, what the bank says comes to `inbox`.

A key is written once. A file that cannot be read, or came before, is refused with a code and kept in `refused`; what in
a good file belongs to nothing of ours is kept too, and named when the books are compared. Silence means nothing.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from xsdata.models.datatype import XmlDateTime

from exchange.ledger.files import write_durably
from exchange.settlement.bank_books import BankBooks
from exchange.settlement.bank_reports import Credit, read
from exchange.settlement.iso_schemas import Unreadable
from exchange.settlement.payment_orders import Order, Transfer, written
from exchange.settlement.rails import Account, Holding, Movement, RailAnswer, RailStatus

FILE_BYTES_MAX = 10_000_000
TRANSFERS_MAX = 1_000
ACCOUNT_MAX, NAME_MAX = 34, 140
_PLAIN = re.compile(r"[A-Z0-9a-z]{8,35}")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a file of the bank: `code` is empty where it was read."""

    name: str
    sha256: str
    kind: str
    message_id: str
    code: str


class BankFiles:
    """One bank account of the exchange, spoken to in files. `clock` is in microseconds, `today` the day in Shanghai."""

    def __init__(self, folder: Path, clock: Callable[[], int], today: Callable[[], date], debtor: Account) -> None:
        self._clock, self._today, self._debtor = clock, today, debtor
        self.outbox, self.inbox, self._done, self._refused = (
            folder / name for name in ("outbox", "inbox", "inbox/read", "inbox/refused")
        )
        for place in (folder, self.outbox, self.inbox, self._done, self._refused):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.books = BankBooks(folder / "books.db")

    def reserve(self, *, key: str, payer: Account, amount_fen: int) -> RailAnswer:
        """Confirmed once the bank has booked it: this amount, under this reference, from somebody of this name."""
        return self.books.credited(key, Credit(payer.reference, amount_fen, payer.name))

    def release(self, *, key: str, to: Account, amount_fen: int) -> RailAnswer:
        if len(to.reference) > ACCOUNT_MAX or amount_fen < 1:
            return RailAnswer(RailStatus.REJECTED)
        return self.books.ask(key, Transfer(_end_to_end(key), amount_fen, to.name[:NAME_MAX], to.reference))

    def refund(self, *, key: str, to: Account, amount_fen: int) -> RailAnswer:
        return self.release(key=key, to=to, amount_fen=amount_fen)

    def query(self, key: str) -> RailAnswer:
        return self.books.answer(key)

    def holding(self, to: Account) -> Holding:
        """A bank does not tell what its customers hold, and has no limit of ours."""
        return Holding(0, 0)

    def movements(self) -> Iterator[Movement]:
        return self.books.movements()

    def carry(self) -> None:
        """Write what is asked and not written; read what came, in the order of names."""
        message_id = f"DX{self._today():%Y%m%d}{secrets.token_hex(8)}"
        self.books.gather(message_id, self._clock(), self._today().isoformat(), TRANSFERS_MAX)
        for message in self.books.unwritten():
            self._write(*message)
        for file in sorted(self.inbox.glob("*.xml")):
            if file.is_file() and not file.is_symlink():
                self._take(file)

    def put(self, name: str, content: bytes) -> Taken:
        """A file that somebody brings by hand, instead of the bank's own way into the folder."""
        taken = self._taken(name, content)
        write_durably(self._place(taken), content)
        self.books.put_away(taken.sha256)
        return taken

    def order_of(self, message_id: str) -> bytes | None:
        """A payment order as it was written, for the bank that has lost it."""
        place = self.outbox / f"{message_id}.xml"
        return place.read_bytes() if _PLAIN.fullmatch(message_id) and place.exists() else None

    def _write(self, message_id: str, created_us: int, pay_on: str) -> None:
        moment = XmlDateTime.from_datetime(datetime.fromtimestamp(created_us // 1_000_000, UTC))
        names = (self._debtor.name[:NAME_MAX], self._debtor.reference)
        order = Order(message_id, moment, date.fromisoformat(pay_on), *names, self.books.transfers(message_id))
        write_durably(self.outbox / f"{message_id}.xml", written(order))
        self.books.wrote(message_id)

    def _take(self, file: Path) -> None:
        with file.open("rb") as opened:
            taken = self._taken(file.name, opened.read(FILE_BYTES_MAX + 1))
        # Last: a file that is still here after a crash is put away then, and not read twice.
        os.replace(file, self._place(taken))
        self.books.put_away(taken.sha256)

    def _taken(self, name: str, content: bytes) -> Taken:
        digest = hashlib.sha256(content).hexdigest()
        try:
            if len(content) > FILE_BYTES_MAX:
                raise Unreadable("larger than any file of a bank")
            found = read(content)
            if not found.accounts <= {self._debtor.reference}:
                raise Unreadable("money on another account is none of the exchange's")
        except Unreadable:
            self.books.refused(name, digest, "E_RAIL_FILE", self._clock())
            return Taken(name, digest, "", "", "E_RAIL_FILE")
        return Taken(name, digest, found.kind, found.message_id, self.books.take(name, digest, found, self._clock()))

    def _place(self, taken: Taken) -> Path:
        return (self._refused if taken.code else self._done) / f"{taken.sha256[:16]}-{taken.name}"


def _end_to_end(key: str) -> str:
    """35 characters are all that the standard has."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]
