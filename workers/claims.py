"""What a domain must not forget: which tickets ran, what came of them, and how far it saw the log grow.

A ticket is claimed before anything is computed and never unclaimed, so it runs at most once whatever crashes.
"""

from dataclasses import dataclass
from pathlib import Path

from workers.budget import Budget
from workers.statefile import StateFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS claim (ticket_id TEXT PRIMARY KEY, ticket_digest TEXT NOT NULL, order_id TEXT NOT NULL,
    licence_id TEXT NOT NULL, claimed_at_s INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS claim_licence ON claim (licence_id);
CREATE TABLE IF NOT EXISTS outbox (ticket_id TEXT PRIMARY KEY REFERENCES claim, body BLOB NOT NULL,
    delivered INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS seen (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL,
    note TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS evidence (origin TEXT NOT NULL, refused TEXT NOT NULL, held TEXT NOT NULL,
    PRIMARY KEY (origin, refused));
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A ticket this domain took on."""

    ticket_id: str
    ticket_digest: str
    order_id: str
    licence_id: str
    claimed_at_s: int


class Claims:
    """The domain's own journal. Its budget lies in the same file."""

    def __init__(self, path: Path) -> None:
        file = StateFile(path)
        file.create(_SCHEMA)
        self.changing, self._reading = file.changing, file.reading
        self.budget = Budget(file)

    def claim(self, claim: Claim) -> bool:
        """True the first time, false ever after."""
        row = (claim.ticket_id, claim.ticket_digest, claim.order_id, claim.licence_id, claim.claimed_at_s)
        with self.changing() as db:
            return db.execute("INSERT OR IGNORE INTO claim VALUES (?, ?, ?, ?, ?)", row).rowcount == 1

    def runs(self, licence_id: str) -> int:
        """How many tickets of a licence were taken on here."""
        with self._reading() as db:
            row = db.execute("SELECT count(*) FROM claim WHERE licence_id = ?", (licence_id,)).fetchone()
        return int(row[0])

    def unfinished(self) -> list[Claim]:
        """Claimed tickets without an outcome: this domain died while they ran."""
        query = "SELECT * FROM claim WHERE ticket_id NOT IN (SELECT ticket_id FROM outbox)"
        with self._reading() as db:
            return [Claim(*row) for row in db.execute(query)]

    def conclude(self, ticket_id: str, body: bytes) -> None:
        """Keep what is to be reported; the report may then be sent as often as it takes."""
        with self.changing() as db:
            db.execute("INSERT OR IGNORE INTO outbox (ticket_id, body) VALUES (?, ?)", (ticket_id, body))

    def undelivered(self) -> list[tuple[str, bytes]]:
        query = "SELECT ticket_id, body FROM outbox WHERE delivered = 0 ORDER BY rowid LIMIT 50"
        with self._reading() as db:
            return [(str(row[0]), bytes(row[1])) for row in db.execute(query)]

    def delivered(self, ticket_id: str) -> None:
        """The exchange has it. The ciphertext need not stay here."""
        with self.changing() as db:
            db.execute("UPDATE outbox SET delivered = 1, body = x'' WHERE ticket_id = ?", (ticket_id,))

    def seen(self, origin: str) -> tuple[int, bytes]:
        """The size and root of the newest checkpoint this domain has verified; (0, b"") before the first."""
        with self._reading() as db:
            row = db.execute("SELECT size, root FROM seen WHERE origin = ?", (origin,)).fetchone()
        return (int(row[0]), bytes(row[1])) if row else (0, b"")

    def note(self, origin: str) -> str:
        """The newest checkpoint itself, with the cosignatures it came with; empty before the first."""
        with self._reading() as db:
            row = db.execute("SELECT note FROM seen WHERE origin = ?", (origin,)).fetchone()
        return str(row[0]) if row else ""

    def see(
        self, origin: str, size: int, root: bytes, note: str = "", *, after: tuple[int, bytes] | None = None
    ) -> bool:
        """Remember a checkpoint that continues the one seen; false when `after` is not the one seen any more."""
        with self.changing() as db:
            row = db.execute("SELECT size, root FROM seen WHERE origin = ?", (origin,)).fetchone()
            if after is not None and after != ((int(row[0]), bytes(row[1])) if row else (0, b"")):
                return False
            db.execute(
                "INSERT INTO seen VALUES (?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE SET size = excluded.size, "
                "root = excluded.root, note = excluded.note WHERE excluded.size > seen.size",
                (origin, size, root, note),
            )
        return True
