"""From the head of the tree to a signed note in the database. Asks the holder of the keys; never sees one itself."""

from sqlalchemy import func, select
from sqlmodel import col

from exchange.ledger.guard import ForkRefused, GuardLost, GuardMoved, Keyholder
from exchange.ledger.proofs import consistency, head
from exchange.ledger.store import Store
from exchange.ledger.tables import CheckpointRow
from exchange.wire.notes import Checkpoint, open_checkpoint


def sign_head(store: Store, holder: Keyholder, now_us: int, *, needs_quorum: bool = False) -> Checkpoint | None:
    """Have the head signed and keep the note, if the head has moved since. Published at once, or later by a quorum.

    Where two do this at once, one may find nothing to do: it looks again in the next round.
    """
    last = holder.remembered()
    old = last.size if last is not None else 0
    with store.reading() as connection:
        size, root = head(connection)
        newest = connection.execute(select(func.max(col(CheckpointRow.size)))).scalar()
        if last is None and newest is not None:
            if holder.remembered() is None:
                raise GuardLost("checkpoints were signed, but the guard has no memory of them")
            return None
        if size == old and (size == 0 or (newest == size and last is not None and root == last.root)):
            return None
        proof = consistency(connection, old, size) if old <= size else []
    vkeys = holder.vkeys()
    checkpoint = Checkpoint(vkeys[0].partition("+")[0], size, root)
    try:
        note = holder.sign(old, proof, checkpoint, now_us)
    except GuardMoved:
        return None
    if open_checkpoint(note, vkeys) != checkpoint:
        raise ForkRefused("another tree was signed than the one asked for")
    _keep(store, checkpoint, note, now_us, None if needs_quorum else now_us)
    return checkpoint


def _keep(store: Store, checkpoint: Checkpoint, note: str, now_us: int, published_us: int | None) -> None:
    values = (checkpoint.size, checkpoint.root, note, now_us, published_us)
    with store.writing() as connection:
        marks = ", ".join(["?" if store.is_sqlite else "%s"] * len(values))
        connection.exec_driver_sql(
            "INSERT INTO checkpoint (size, root, note, signed_at, published_at) "  # noqa: S608 - marks only
            f"VALUES ({marks}) ON CONFLICT (size) DO NOTHING",
            values,
        )
        known = select(col(CheckpointRow.root)).where(col(CheckpointRow.size) == checkpoint.size)
        if bytes(connection.execute(known).scalar_one()) != checkpoint.root:
            raise ForkRefused("another root was signed at this size")
