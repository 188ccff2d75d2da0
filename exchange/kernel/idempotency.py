"""Asked twice, done once: the answer to a request is kept in the transaction that did what the request asked.

Follows the IETF draft on the Idempotency-Key header. A key belongs to one participant's API key and one request.
"""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Connection, LargeBinary
from sqlmodel import Field, SQLModel

from exchange.kernel.errors import KeyReused

_UNDER_WAY = 0
# Every write asks this, so it is written once.
_CLAIM = (
    "INSERT INTO idempotency (caller, key, fingerprint, status, media_type, body, fact, at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING RETURNING key"
)
_FOUND = "SELECT fingerprint, status, media_type, body, fact FROM idempotency WHERE caller = ? AND key = ?"
_KEEP = "UPDATE idempotency SET status = ?, media_type = ?, body = ?, fact = ? WHERE caller = ? AND key = ?"
_FORGET = "UPDATE idempotency SET fingerprint = '' WHERE at = ?"


class IdempotencyRow(SQLModel, table=True):
    """A request that was answered: who asked, under which key, what (a digest), and what the answer was."""

    __tablename__ = "idempotency"
    caller: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: str
    status: int
    media_type: str
    body: bytes = Field(sa_type=LargeBinary)
    fact: str
    at: int = Field(sa_type=BigInteger)


@dataclass(frozen=True, slots=True)
class Answer:
    """What went back over the wire. `fact`: the last one recorded on the way, empty if none was."""

    status: int
    media_type: str
    body: bytes
    fact: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as far as its repetition matters. `fingerprint` covers method, path and body."""

    caller: str
    key: str
    fingerprint: str


def claim(connection: Connection, ask: Ask, now: int) -> Answer | None:
    """None when this is the first time; else the answer given then. A rival with the same key waits for us here."""
    # What comes back is asked for, not counted: a driver need not know how many rows an INSERT made.
    fresh = (ask.caller, ask.key, ask.fingerprint, _UNDER_WAY, "", b"", "", now)
    if connection.exec_driver_sql(_for(connection, _CLAIM), fresh).first() is not None:
        return None
    found = connection.exec_driver_sql(_for(connection, _FOUND), (ask.caller, ask.key)).mappings().one()
    if found["fingerprint"] != ask.fingerprint:
        raise KeyReused("this Idempotency-Key came with another request before")
    return Answer(found["status"], found["media_type"], bytes(found["body"]), found["fact"])


def keep(connection: Connection, ask: Ask, answer: Answer) -> None:
    """Keep the answer, in the transaction of what it answers."""
    kept = (answer.status, answer.media_type, answer.body, answer.fact, ask.caller, ask.key)
    connection.exec_driver_sql(_for(connection, _KEEP), kept)


def forget(connection: Connection, at: int) -> None:
    """The fingerprint of what was asked at that moment: who guesses a name could see by it that it was right.

    Who repeats such a request is told that the key came with another one.
    """
    connection.exec_driver_sql(_for(connection, _FORGET), (at,))


def _for(connection: Connection, sql: str) -> str:
    return sql if connection.dialect.name == "sqlite" else sql.replace("?", "%s")
