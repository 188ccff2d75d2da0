"""What the market comes to (统计): listings, turnover by sector, jobs, refusals by reason, shares paid. Only counts.

Reads tables of other slices and writes none; every figure can be made again from the log.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, Select, func, select
from sqlmodel import SQLModel

SOLD = ("COMPLETED", "DELIVERED", "DISPUTED", "PARTIALLY_REFUNDED", "REFUNDED")


class SectorFigures(BaseModel):
    """One sector. `turnover_fen` is what was charged, `refunded_fen` what of it went back."""

    orders: int
    turnover_fen: int
    refunded_fen: int


class Statistics(BaseModel):
    """From `since` (µs) up to, not with, `until`; listings, licences and participants as they stand now."""

    since: int
    until: int
    participants: dict[str, int]
    listings: dict[str, int]
    licences: dict[str, int]
    sectors: dict[str, SectorFigures]
    jobs: dict[str, int]
    refusals: dict[str, int]
    shares_fen: dict[str, int]
    """By payee: what it was paid or is owed for delivered orders, after what disputes took back."""


def statistics(connection: Connection, since: int, until: int) -> Statistics:
    tables = SQLModel.metadata.tables
    orders, lines = tables["orders"], tables["statement_line"]
    within = (orders.c.placed_at >= since, orders.c.placed_at < until)
    refused = (orders.c.state == "REFUSED", *within)
    paid = (
        select(lines.c.payee_id, func.sum(lines.c.amount_fen))
        .join(orders, orders.c.id == lines.c.order_id)
        .where(*within)
        .group_by(lines.c.payee_id)
    )
    return Statistics(
        since=since,
        until=until,
        participants=_by(connection, _states("participant")),
        listings=_by(connection, _states("listing")),
        licences=_by(connection, _states("licence")),
        sectors=_sectors(connection, within),
        jobs=_by(connection, select(orders.c.state, func.count()).where(*within).group_by(orders.c.state)),
        refusals=_by(
            connection, select(orders.c.primary_reason, func.count()).where(*refused).group_by(orders.c.primary_reason)
        ),
        shares_fen=_by(connection, paid),
    )


def _sectors(connection: Connection, within: tuple[Any, ...]) -> dict[str, SectorFigures]:
    tables = SQLModel.metadata.tables
    orders, asset, dispute = tables["orders"], tables["asset"], tables["dispute"]
    back = select(dispute.c.order_id, func.sum(dispute.c.refund_fen).label("fen")).group_by(dispute.c.order_id)
    refunded = back.subquery()
    query = (
        select(
            asset.c.sector,
            func.count(),
            func.sum(orders.c.price_fen),
            func.sum(func.coalesce(refunded.c.fen, 0)),
        )
        .join(asset, asset.c.id == orders.c.asset_id)
        .join(refunded, refunded.c.order_id == orders.c.id, isouter=True)
        .where(orders.c.state.in_(SOLD), *within)
        .group_by(asset.c.sector)
        .order_by(asset.c.sector)
    )
    return {
        str(sector): SectorFigures(orders=count, turnover_fen=int(turnover), refunded_fen=int(returned))
        for sector, count, turnover, returned in connection.execute(query)
    }


def _states(name: str) -> Select[Any]:
    table = SQLModel.metadata.tables[name]
    return select(table.c.state, func.count()).group_by(table.c.state)


def _by(connection: Connection, query: Select[Any]) -> dict[str, int]:
    found: Mapping[str, int] = {str(name): int(count) for name, count in connection.execute(query)}
    return dict(sorted(found.items()))
