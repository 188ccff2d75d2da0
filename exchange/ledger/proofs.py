"""Proofs from stored tiles. Reads only what was integrated; promises nothing about what was not."""

from collections.abc import Callable

from sqlalchemy import Connection, func, select
from sqlmodel import col

from exchange.ledger.tables import CheckpointRow, EventIndexRow, EventRow, HeadRow, TileRow
from exchange.wire import merkle, tiles
from exchange.wire.merkle import Node
from exchange.wire.notes import Checkpoint, read_checkpoint
from exchange.wire.proofs import LogProof


class UnknownEntry(LookupError):
    """No such entry was committed."""


class NotCovered(LookupError):
    """The entry is a fact, but no published checkpoint covers it yet."""


class MissingTile(LookupError):
    """A tile the tree needs is not there: the database was damaged."""


def nodes(connection: Connection) -> Node:
    """The tree's nodes, each tile read once."""
    return tiles.node_reader(tile_reader(connection))


def tile_reader(connection: Connection) -> Callable[[int, int], bytes]:
    seen: dict[tuple[int, int], bytes] = {}

    def tile(level: int, n: int) -> bytes:
        if (level, n) not in seen:
            query = select(col(TileRow.data)).where(col(TileRow.level) == level, col(TileRow.n) == n)
            data = connection.execute(query).scalar_one_or_none()
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
    """The newest published checkpoint and its note."""
    size = (
        select(func.max(col(CheckpointRow.size))).where(col(CheckpointRow.published_at).is_not(None)).scalar_subquery()
    )
    note = connection.execute(
        select(col(CheckpointRow.note)).where(col(CheckpointRow.size) == size)
    ).scalar_one_or_none()
    return None if note is None else (read_checkpoint(note)[0], note)


def inclusion(connection: Connection, index: int, size: int) -> list[bytes]:
    return merkle.inclusion_proof(index, size, nodes(connection))


def consistency(connection: Connection, old: int, new: int) -> list[bytes]:
    return merkle.consistency_proof(old, new, nodes(connection))


def log_proof(connection: Connection, event_id: str) -> LogProof:
    """The entry's place under the newest published checkpoint, to be verified offline."""
    query = (
        select(col(EventIndexRow.idx))
        .select_from(EventRow)
        .outerjoin(EventIndexRow, col(EventIndexRow.n) == col(EventRow.n))
        .where(col(EventRow.id) == event_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise UnknownEntry("no such entry")
    newest = newest_checkpoint(connection)
    if row[0] is None or newest is None or row[0] >= newest[0].size:
        raise NotCovered("no checkpoint covers the entry yet")
    checkpoint, note = newest
    return LogProof(row[0], tuple(inclusion(connection, row[0], checkpoint.size)), note)
