"""The log as static resources: which tiles and bundles exist, and their bytes. One source for HTTP and for the export.

What no published checkpoint needs does not exist: a reader must not be led to trust hashes that nothing signed covers.
"""

from sqlalchemy import Connection, exists, func, select
from sqlmodel import col

from exchange.ledger.proofs import UnknownEntry, published_size, signed_size, tile_reader, with_lines
from exchange.ledger.tables import CheckpointRow, EventIndexRow, EventRow
from exchange.wire.canonical import INTEGER_MAX
from exchange.wire.merkle import HASH_BYTES
from exchange.wire.tiles import WIDTH, Place, bundle


class NotServed(LookupError):
    """No published checkpoint needs this."""


def resource(connection: Connection, place: Place) -> bytes:
    """The bytes of a tile or bundle that some published checkpoint needs."""
    if not _is_needed(connection, place):
        raise NotServed("no checkpoint needs this")
    return content(connection, place)


def content(connection: Connection, place: Place) -> bytes:
    """The bytes of a place the caller knows to be covered."""
    if place.kind == "tile":
        return tile_reader(connection)(place.level, place.n)[: place.width * HASH_BYTES]
    first = place.n * WIDTH
    query = (
        select(col(EventRow.body))
        .join(EventIndexRow, col(EventIndexRow.n) == col(EventRow.n))
        .where(col(EventIndexRow.idx).between(first, first + place.width - 1))
        .order_by(col(EventIndexRow.idx))
    )
    return bundle([bytes(body) for body in connection.execute(query).scalars()])


def note_at(connection: Connection, size: int) -> str:
    """The note signed and published at exactly this size."""
    query = select(col(CheckpointRow.note)).where(
        col(CheckpointRow.size) == size, col(CheckpointRow.published_at).is_not(None)
    )
    note: str | None = connection.execute(query).scalar_one_or_none()
    if note is None:
        raise NotServed("no checkpoint was published at this size")
    return with_lines(connection, size, note)


def entry(connection: Connection, event_id: str, *, witnessed: bool) -> tuple[bytes, int | None, str]:
    """An entry's bytes, its index, and how far it has come: committed, integrated, signed, cosigned."""
    query = (
        select(col(EventRow.body), col(EventIndexRow.idx))
        .outerjoin(EventIndexRow, col(EventIndexRow.n) == col(EventRow.n))
        .where(col(EventRow.id) == event_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise UnknownEntry("no such entry")
    index: int | None = row[1]
    if index is None:
        return bytes(row[0]), None, "committed"
    if index < published_size(connection):
        return bytes(row[0]), index, "cosigned" if witnessed else "signed"
    return bytes(row[0]), index, "signed" if index < signed_size(connection) else "integrated"


def _is_needed(connection: Connection, place: Place) -> bool:
    least = (place.n * WIDTH + place.width) * place.span
    if least > INTEGER_MAX:
        return False
    wanted = [col(CheckpointRow.published_at).is_not(None), col(CheckpointRow.size) >= least]
    if place.width < WIDTH:
        wanted.append(col(CheckpointRow.size) < least + place.span)
    return bool(connection.execute(select(exists().where(*wanted))).scalar())


def health(connection: Connection) -> dict[str, int | None]:
    """How far each stage has come, in entries; times in microseconds."""
    backlog, oldest = connection.exec_driver_sql(
        "SELECT count(*), min(e.at) FROM pending p JOIN event e ON e.n = p.n"
    ).one()
    placed = connection.exec_driver_sql("SELECT size FROM head WHERE id = 1").scalar_one()
    row = select(func.max(col(CheckpointRow.size)), func.max(col(CheckpointRow.signed_at)))
    signed, signed_at = connection.execute(row).one()
    published = connection.execute(row.where(col(CheckpointRow.published_at).is_not(None))).one()[0]
    return {
        "backlog": backlog,
        "oldest_pending_at": oldest,
        "head_size": placed,
        "signed_size": signed or 0,
        "signed_at": signed_at,
        "published_size": published or 0,
    }
