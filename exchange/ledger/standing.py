"""Whether the quorum of witnesses keeps up with what is recorded, and stands behind what is to be paid. Only looks.

Facts are taken and signed while witnesses are away; money does not leave on a history nobody else has seen.
"""

from sqlalchemy import Connection

from exchange.ledger.proofs import for_dialect, published_size

ALARM_AFTER_US, STOPPED_AFTER_US = 60_000_000, 300_000_000
CODE = "E_QUORUM"
_PUBLISHED_AT = "SELECT published_at FROM checkpoint WHERE published_at IS NOT NULL ORDER BY size DESC LIMIT 1"
_PLACED_AT = "SELECT e.at FROM event_index i JOIN event e ON e.n = i.n WHERE i.idx = ?"
_PENDING_AT = "SELECT min(e.at) FROM pending p JOIN event e ON e.n = p.n"
# Up to when it accrued: the receipt and what was owed by it are facts of one moment.
_UNCOVERED = (
    "SELECT count(*) FROM event e LEFT JOIN event_index i ON i.n = e.n WHERE e.subject IN (?, ?) "
    "AND e.at <= (SELECT min(at) FROM event WHERE subject = ?) AND (i.idx IS NULL OR i.idx >= ?)"
)


def lag_us(connection: Connection, now: int) -> int:
    """For how long facts have waited while no newer checkpoint got its quorum; 0 while none wait."""
    size = published_size(connection)
    found = connection.exec_driver_sql(for_dialect(connection, _PLACED_AT), (size,)).scalar_one_or_none()
    oldest = found if found is not None else connection.exec_driver_sql(_PENDING_AT).scalar_one_or_none()
    if oldest is None:
        return 0
    published = connection.exec_driver_sql(_PUBLISHED_AT).scalar_one_or_none() or 0
    return max(0, now - max(int(oldest), int(published)))


def is_stopped(connection: Connection, now: int) -> bool:
    """Whether the newest checkpoint with its quorum is too old to pay by."""
    return lag_us(connection, now) > STOPPED_AFTER_US


def covers(connection: Connection, settlement_id: str, order_id: str) -> bool:
    """Whether the quorum stands behind the order's story up to its receipt, and what is owed by it."""
    given = (settlement_id, order_id, settlement_id, published_size(connection))
    return not connection.exec_driver_sql(for_dialect(connection, _UNCOVERED), given).scalar_one()


def health(connection: Connection, now: int) -> dict[str, int | bool]:
    """What somebody should be woken by, and what no longer leaves the house."""
    lag = lag_us(connection, now)
    return {"quorum_lag_us": lag, "alarm": lag > ALARM_AFTER_US, "payouts_stopped": lag > STOPPED_AFTER_US}
