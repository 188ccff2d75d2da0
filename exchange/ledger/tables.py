"""The log's tables, and the triggers that refuse to rewrite it. The triggers are manners; the tree is the proof."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from exchange.ledger.store import Store
from exchange.wire.entries import ENTRY_BYTES_MAX
from exchange.wire.merkle import EMPTY_ROOT

# Before the first table of the whole program: a migration can only change what has a name.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

TILE_BYTES = 256 * 32

# SQLite numbers rows by itself only where the type is spelt INTEGER.
_Serial = BigInteger().with_variant(Integer(), "sqlite")


class EventRow(SQLModel, table=True):
    """The fact, the message and the entry: inserted once, never changed."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("subject", "version"),
        CheckConstraint(f"length(body) BETWEEN 2 AND {ENTRY_BYTES_MAX}", name="body_length"),
    )
    n: int | None = Field(default=None, sa_column=Column(_Serial, primary_key=True))
    id: str = Field(unique=True)
    type: str
    subject: str
    version: int = Field(sa_type=BigInteger)
    at: int = Field(sa_type=BigInteger)
    actor: str
    body: bytes = Field(sa_type=LargeBinary)


class PendingRow(SQLModel, table=True):
    """A narrow mark per unsequenced event: made by a trigger of the same statement, removed by the sequencer."""

    __tablename__ = "pending"
    n: int = Field(sa_column=Column(_Serial, primary_key=True, autoincrement=False))


class EventIndexRow(SQLModel, table=True):
    """Place in the tree: dense, and in an order that is safe to follow with a cursor."""

    __tablename__ = "event_index"
    idx: int = Field(sa_column=Column(_Serial, primary_key=True, autoincrement=False))
    n: int = Field(sa_type=BigInteger, unique=True)


class TileRow(SQLModel, table=True):
    """Up to 256 hashes of one level. Right-edge rows grow; a partial tile is a prefix of its row."""

    __tablename__ = "tile"
    __table_args__ = (CheckConstraint(f"length(data) BETWEEN 32 AND {TILE_BYTES}", name="data_length"),)
    level: int = Field(primary_key=True)
    n: int = Field(sa_type=BigInteger, primary_key=True)
    data: bytes = Field(sa_type=LargeBinary)


class HeadRow(SQLModel, table=True):
    """One row: how far the tree reaches. Changed only by compare-and-set."""

    __tablename__ = "head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    size: int = Field(sa_type=BigInteger)
    root: bytes = Field(sa_type=LargeBinary)


class CheckpointRow(SQLModel, table=True):
    """Every note ever signed, kept for ever."""

    __tablename__ = "checkpoint"
    size: int = Field(sa_column=Column(_Serial, primary_key=True, autoincrement=False))
    root: bytes = Field(sa_type=LargeBinary)
    note: str
    signed_at: int = Field(sa_type=BigInteger)
    published_at: int | None = Field(default=None, sa_type=BigInteger)


class CosignatureRow(SQLModel, table=True):
    """A witness's line below a note. Added later than the note, never changed."""

    __tablename__ = "cosignature"
    size: int = Field(sa_column=Column(_Serial, primary_key=True, autoincrement=False))
    vkey: str = Field(primary_key=True)
    line: str
    at: int = Field(sa_type=BigInteger)


class SectionRow(SQLModel, table=True):
    """What an entry commits to: the only place with content. Sealed content holds its salt; erased, both are gone."""

    __tablename__ = "section"
    event_id: str = Field(primary_key=True)
    what: str = Field(primary_key=True)
    salt: bytes | None = Field(default=None, sa_type=LargeBinary)
    payload_type: str
    content: bytes | None = Field(default=None, sa_type=LargeBinary)
    erased_at: int | None = Field(default=None, sa_type=BigInteger)


class DekRow(SQLModel, table=True):
    """The key under which one subject's personal sections are sealed, itself wrapped. Its end is theirs.

    Numbered in order of arrival: SQLite then never moves a row to another page and leaves the old bytes behind.
    """

    __tablename__ = "dek"
    n: int | None = Field(default=None, sa_column=Column(_Serial, primary_key=True))
    subject: str = Field(unique=True)
    kek: str
    """Which key wrapped it, by its id."""
    wrapped: bytes = Field(sa_type=LargeBinary)


_FIRST_HEAD = "INSERT INTO head (id, size, root) VALUES (1, 0, "
_REFUSED = (  # table, what is refused, when (old row)
    ("event", "UPDATE", ""),
    ("event", "DELETE", ""),
    ("event_index", "UPDATE", ""),
    ("event_index", "DELETE", ""),
    ("tile", "UPDATE", f"length(old.data) = {TILE_BYTES}"),
    ("tile", "DELETE", ""),
    ("checkpoint", "UPDATE", "new.size <> old.size OR new.root <> old.root OR new.note <> old.note"),
    ("checkpoint", "DELETE", ""),
    ("cosignature", "UPDATE", ""),
    ("cosignature", "DELETE", ""),
    ("head", "DELETE", ""),
)


def guards(dialect_name: str) -> list[str]:
    """The triggers (pending marks, refusals) and the head of the empty tree. Safe to run again."""
    return _sqlite_guards() if dialect_name == "sqlite" else _postgres_guards()


def unguards(dialect_name: str) -> list[str]:
    """What is left to drop after the tables (and with them their triggers) are gone."""
    if dialect_name == "sqlite":
        return []
    return ["DROP FUNCTION IF EXISTS log_refuse_change()", "DROP FUNCTION IF EXISTS log_mark_pending()"]


def create(store: Store) -> None:
    """All tables known so far and the guards, in an empty database. Production migrates instead."""
    with store.writing() as connection:
        SQLModel.metadata.create_all(connection)
        for statement in guards(connection.dialect.name):
            connection.exec_driver_sql(statement)


def _sqlite_guards() -> list[str]:
    marks = (
        "CREATE TRIGGER IF NOT EXISTS event_pending AFTER INSERT ON event "
        "BEGIN INSERT INTO pending (n) VALUES (new.n); END"
    )
    refusals = [
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"{f'WHEN {when} ' if when else ''}BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
        for table, verb, when in _REFUSED
    ]
    return [marks, *refusals, _FIRST_HEAD + f"x'{EMPTY_ROOT.hex()}') ON CONFLICT DO NOTHING"]


def _postgres_guards() -> list[str]:
    refuse = (
        "CREATE OR REPLACE FUNCTION log_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the log is append-only' USING ERRCODE = 'restrict_violation'; END $$"
    )
    # Once per statement, over all its rows: a row-by-row trigger would cost a call each.
    mark = (
        "CREATE OR REPLACE FUNCTION log_mark_pending() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO pending (n) SELECT n FROM fresh; RETURN NULL; END $$"
    )
    marks = (
        "CREATE OR REPLACE TRIGGER event_pending AFTER INSERT ON event REFERENCING NEW TABLE AS fresh "
        "FOR EACH STATEMENT EXECUTE FUNCTION log_mark_pending()"
    )
    refusals = [
        f"CREATE OR REPLACE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW "
        f"{f'WHEN ({when}) ' if when else ''}EXECUTE FUNCTION log_refuse_change()"
        for table, verb, when in _REFUSED
    ]
    refusals += [
        f"CREATE OR REPLACE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION log_refuse_change()"
        for table in sorted({table for table, _, _ in _REFUSED})
    ]
    head = _FIRST_HEAD + f"'\\x{EMPTY_ROOT.hex()}'::bytea) ON CONFLICT DO NOTHING"
    return [refuse, mark, marks, *refusals, head]
