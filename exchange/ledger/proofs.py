"""Proofs from stored tiles. Reads only what was integrated; promises nothing about what was not."""

from collections.abc import Callable

from sqlalchemy import Connection, select
from sqlmodel import col

from exchange.ledger.tables import HeadRow
from exchange.wire import merkle, tiles
from exchange.wire.merkle import Node
from exchange.wire.notes import Checkpoint, read_checkpoint
from exchange.wire.proofs import LogProof

# Asked for every ticket that is sent, so they are written once.
_TILE = "SELECT data FROM tile WHERE level = ? AND n = ?"
_NEWEST = "SELECT size, note FROM checkpoint WHERE published_at IS NOT NULL ORDER BY size DESC LIMIT 1"
_COSIGNED = "SELECT line FROM cosignature WHERE size = ? ORDER BY at, vkey"
_PLACE = "SELECT i.idx FROM event e LEFT JOIN event_index i ON i.n = e.n WHERE e.id = ?"


class UnknownEntry(LookupError):
    """No such entry was committed."""


class NotCovered(LookupError):
    """The entry is a fact, but no published checkpoint covers it yet."""


class MissingTile(LookupError):
    """A tile the tree needs is not there: the database was damaged."""


def nodes(connection: Connection) -> Node:
    """The tree's nodes, each tile read once. A tile that does not reach as far as the tree is a missing one."""
    read = tiles.node_reader(tile_reader(connection))

    def node(level: int, n: int) -> bytes:
        try:
            return read(level, n)
        except ValueError:
            raise MissingTile("a tile of the tree is missing") from None

    return node


def tile_reader(connection: Connection) -> Callable[[int, int], bytes]:
    seen: dict[tuple[int, int], bytes] = {}

    def tile(level: int, n: int) -> bytes:
        if (level, n) not in seen:
            data = connection.exec_driver_sql(for_dialect(connection, _TILE), (level, n)).scalar_one_or_none()
            if data is None:
                raise MissingTile("a tile of the tree is missing")
            seen[level, n] = bytes(data)
        return seen[level, n]

    return tile


def head(connection: Connection) -> tuple[int, bytes]:
    """How far the tree reaches, and its root."""
    row = connection.execute(select(col(HeadRow.size), col(HeadRow.root))).one()
    return row[0], bytes(row[1])


def newest_checkpoint(connection: Connection) -> tuple[Checkpoint, str] | None:
    """The newest published checkpoint and its note, with what witnesses wrote below it."""
    row = connection.exec_driver_sql(_NEWEST).one_or_none()
    return None if row is None else (read_checkpoint(row[1])[0], with_lines(connection, row[0], row[1]))


def with_lines(connection: Connection, size: int, note: str) -> str:
    """The note of this size with the cosignatures that are kept beside it."""
    return note + "".join(connection.exec_driver_sql(for_dialect(connection, _COSIGNED), (size,)).scalars())


def published_size(connection: Connection) -> int:
    """How far a published checkpoint reaches."""
    newest = "SELECT coalesce(max(size), 0) FROM checkpoint WHERE published_at IS NOT NULL"
    return int(connection.exec_driver_sql(newest).scalar_one())


def signed_size(connection: Connection) -> int:
    """How far the log was signed, published or not."""
    return int(connection.exec_driver_sql("SELECT coalesce(max(size), 0) FROM checkpoint").scalar_one())


def newest_signed(connection: Connection) -> str:
    """The newest note that is kept, published or not; empty before the first."""
    newest = "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"
    return str(connection.exec_driver_sql(newest).scalar_one_or_none() or "")


def inclusion(connection: Connection, index: int, size: int) -> list[bytes]:
    return merkle.inclusion_proof(index, size, nodes(connection))


def consistency(connection: Connection, old: int, new: int) -> list[bytes]:
    return merkle.consistency_proof(old, new, nodes(connection))


def log_proof(connection: Connection, event_id: str) -> LogProof:
    """The entry's place under the newest published checkpoint, to be verified offline."""
    row = connection.exec_driver_sql(for_dialect(connection, _PLACE), (event_id,)).one_or_none()
    if row is None:
        raise UnknownEntry("no such entry")
    newest = newest_checkpoint(connection)
    if row[0] is None or newest is None or row[0] >= newest[0].size:
        raise NotCovered("no checkpoint covers the entry yet")
    checkpoint, note = newest
    return LogProof(row[0], tuple(inclusion(connection, row[0], checkpoint.size)), note)


def for_dialect(connection: Connection, sql: str) -> str:
    """The same statement with the marks of this database."""
    return sql if connection.dialect.name == "sqlite" else sql.replace("?", "%s")
