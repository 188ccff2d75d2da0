"""Asked twice, done once: the answer to a request is kept in the transaction that did what the request asked.

Follows the IETF draft on the Idempotency-Key header. A key belongs to one participant's API key and one request.
"""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Connection, LargeBinary, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel

from exchange.kernel.errors import KeyReused

_UNDER_WAY = 0


class IdempotencyRow(SQLModel, table=True):
    """A request that was answered: who asked, under which key, what (a digest), and what the answer was."""

    __tablename__ = "idempotency"
    caller: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: str
    status: int
    media_type: str
    body: bytes = Field(sa_type=LargeBinary)
    at: int = Field(sa_type=BigInteger)


@dataclass(frozen=True, slots=True)
class Answer:
    """What went back over the wire."""

    status: int
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as far as its repetition matters. `fingerprint` covers method, path and body."""

    caller: str
    key: str
    fingerprint: str


def claim(connection: Connection, ask: Ask, now: int) -> Answer | None:
    """None when this is the first time; else the answer given then. A rival with the same key waits for us here."""
    table = SQLModel.metadata.tables["idempotency"]
    insert = sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
    row = {"caller": ask.caller, "key": ask.key, "fingerprint": ask.fingerprint}
    fresh = {**row, "status": _UNDER_WAY, "media_type": "", "body": b"", "at": now}
    # What comes back is asked for, not counted: a driver need not know how many rows an INSERT made.
    made = insert.values(fresh).on_conflict_do_nothing().returning(table.c.key)
    if connection.execute(made).first() is not None:
        return None
    found = (
        connection.execute(select(table).where(table.c.caller == ask.caller, table.c.key == ask.key)).mappings().one()
    )
    if found["fingerprint"] != ask.fingerprint:
        raise KeyReused("this Idempotency-Key came with another request before")
    return Answer(found["status"], found["media_type"], bytes(found["body"]))


def keep(connection: Connection, ask: Ask, answer: Answer) -> None:
    """Keep the answer, in the transaction of what it answers."""
    table = SQLModel.metadata.tables["idempotency"]
    connection.execute(
        update(table)
        .where(table.c.caller == ask.caller, table.c.key == ask.key)
        .values(status=answer.status, media_type=answer.media_type, body=answer.body)
    )
