"""The one who gives committed facts their places in the tree. Never remembers anything between two runs.

It takes every committed pending mark, not those after the last one seen: the order of ids is not the order of
commits, and a reader with a high-water mark loses facts. Placing, hashing and the head are one transaction, and the
head moves by compare-and-set, so a second sequencer, a restart or a rollback can only lose loudly.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from exchange.ledger.store import Store
from exchange.wire.merkle import leaf_hash, root_hash, subtree_hash
from exchange.wire.tiles import WIDTH, node_reader, split

BATCH_MAX = 4096
_LEASE = 0x6C6F67  # "log": the advisory lock that one sequencer of the database holds for one batch.


class HeadMoved(Exception):
    """Somebody else moved the head meanwhile, or the pending marks do not match: nothing was written."""


class Sequencer:
    def __init__(self, store: Store) -> None:
        self._store = store

    def run_once(self) -> int:
        """Place one batch; answers with how many facts got their index."""
        with self._store.reading() as connection:
            # Looking first keeps an idle log out of the writers' line.
            if connection.exec_driver_sql("SELECT 1 FROM pending LIMIT 1").first() is None:
                return 0
        with self._store.writing() as connection:
            if not self._store.is_sqlite and not _leased(connection):
                return 0
            return place_batch(connection)


def _leased(connection: Connection) -> bool:
    return bool(connection.exec_driver_sql("SELECT pg_try_advisory_xact_lock(%s)", (_LEASE,)).scalar())


def place_batch(connection: Connection) -> int:
    """Everything but the commit: the places, the tiles and the head are of one transaction, or are not."""
    batch = connection.exec_driver_sql(
        f"SELECT p.n, e.body FROM pending p JOIN event e ON e.n = p.n ORDER BY p.n LIMIT {BATCH_MAX}"  # noqa: S608
    ).all()
    if not batch:
        return 0
    size, root = connection.exec_driver_sql("SELECT size, root FROM head WHERE id = 1").one()
    leaves = [leaf_hash(bytes(body)) for _, body in batch]
    edge = _extend(_right_edge(connection, size), size, leaves)
    grown = size + len(leaves)
    new_root = root_hash(grown, node_reader(lambda level, n: edge[level, n]))
    _unmark(connection, [n for n, _ in batch])
    _index(connection, [(size + i, n) for i, (n, _) in enumerate(batch)])
    _write_tiles(connection, [(level, n, data) for (level, n), data in edge.items()])
    _move_head(connection, (grown, new_root), (size, bytes(root)))
    return len(leaves)


def _right_edge(connection: Connection, size: int) -> dict[tuple[int, int], bytes]:
    """The partial tiles, read again each time: memory can be stale, the database cannot."""
    wanted = []
    level = 0
    while count := size >> (8 * level):
        if count % WIDTH:
            wanted.append((level, count // WIDTH))
        level += 1
    if not wanted:
        return {}
    each = " OR ".join(f"(level = {level} AND n = {n})" for level, n in wanted)
    rows = connection.exec_driver_sql(f"SELECT level, n, data FROM tile WHERE {each}")  # noqa: S608 - integers only
    edge = {(level, n): bytes(data) for level, n, data in rows}
    if any(len(edge.get((level, n), b"")) != (size >> (8 * level)) % WIDTH * 32 for level, n in wanted):
        raise HeadMoved("the tiles do not reach the head")
    return edge


def _extend(edge: dict[tuple[int, int], bytes], size: int, leaves: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """The edge with the leaves added: every tile that is still partial or was filled just now."""
    level, start, fresh = 0, size, list(leaves)
    while fresh:
        filled: list[bytes] = []
        place = 0
        while place < len(fresh):
            n, used = divmod(start + place, WIDTH)
            part = fresh[place : place + WIDTH - used]
            data = edge.get((level, n), b"") + b"".join(part)
            edge[level, n] = data
            if len(data) == WIDTH * 32:
                filled.append(subtree_hash(split(data)))
            place += len(part)
        level, start, fresh = level + 1, start // WIDTH, filled
    return edge


def _unmark(connection: Connection, ns: list[int]) -> None:
    if connection.dialect.name == "sqlite":
        # The transaction excludes all other writers, so the range holds exactly the marks that were read.
        done = connection.exec_driver_sql("DELETE FROM pending WHERE n BETWEEN ? AND ?", (ns[0], ns[-1]))
    else:
        done = connection.exec_driver_sql("DELETE FROM pending WHERE n = ANY(%s)", (ns,))
    if done.rowcount != len(ns):
        raise HeadMoved("the pending marks do not match")


def _index(connection: Connection, rows: list[tuple[int, int]]) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("INSERT INTO event_index (idx, n) VALUES (?, ?)", rows)
        return
    columns: tuple[Any, ...] = tuple(list(column) for column in zip(*rows, strict=True))
    connection.exec_driver_sql(
        "INSERT INTO event_index (idx, n) SELECT * FROM unnest(%s::bigint[], %s::bigint[])", columns
    )


def _write_tiles(connection: Connection, rows: list[tuple[int, int, bytes]]) -> None:
    marks = "?, ?, ?" if connection.dialect.name == "sqlite" else "%s, %s, %s"
    connection.exec_driver_sql(
        f"INSERT INTO tile (level, n, data) VALUES ({marks}) "  # noqa: S608 - marks only
        "ON CONFLICT (level, n) DO UPDATE SET data = excluded.data",
        rows,
    )


def _move_head(connection: Connection, new: tuple[int, bytes], old: tuple[int, bytes]) -> None:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    moved = connection.exec_driver_sql(
        f"UPDATE head SET size = {mark}, root = {mark} WHERE id = 1 AND size = {mark} AND root = {mark}",  # noqa: S608
        (*new, *old),
    )
    if moved.rowcount != 1:
        raise HeadMoved("the head moved")
