"""Standing orders over HTTP: make one, look, cancel. Each run is an ordinary order."""

from typing import Self

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy import or_, select
from sqlmodel import SQLModel

from exchange.kernel.http import OpenUnit, router
from exchange.kernel.pages import Cursor, Limit, of_row, page
from exchange.orders import schedules as service
from exchange.orders.asks import ScheduleAsk
from exchange.orders.schedule_model import Schedule
from exchange.orders.schedule_views import ScheduleRow
from exchange.wire.computations import Computation

schedules = router("/v1/schedules", "orders")


class ScheduleBrief(BaseModel):
    """`next_at` (µs) is when the next run is due."""

    id: str
    state: str
    licence_id: str
    every: str
    runs: int
    runs_max: int
    spent_fen: int
    total_cap_fen: int
    next_at: int


class ScheduleView(ScheduleBrief):
    """A standing order. `reasons` says why it stopped; `order_id` is its last order, refused or not."""

    buyer_id: str
    provider_id: str
    computation: Computation
    purpose: str
    territory: str
    first_on: str
    hour: int
    order_id: str
    reasons: tuple[str, ...]

    @classmethod
    def of(cls, schedule: Schedule) -> Self:
        return cls.model_validate(schedule, from_attributes=True)


@schedules.post("", status_code=201)
def make(ask: ScheduleAsk, unit: OpenUnit) -> ScheduleView:
    """Order the same again and again: daily, weekly or monthly, so many times, for so much in all."""
    return ScheduleView.of(service.make(unit, ask))


@schedules.get("")
def list_schedules(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The caller's own, as buyer or as provider."""
    table, own = SQLModel.metadata.tables["schedule"], unit.caller.participant_id
    query = select(table).where(or_(table.c.buyer_id == own, table.c.provider_id == own))
    return page(
        unit.connection,
        query,
        ScheduleRow,
        path="/v1/schedules",
        limit=limit,
        cursor=cursor,
        view=of_row(ScheduleBrief),
    )


@schedules.get("/{schedule_id}")
def get_schedule(schedule_id: str, unit: OpenUnit) -> ScheduleView:
    return ScheduleView.of(service.shown(unit, schedule_id))


@schedules.post("/{schedule_id}:cancel")
def cancel(schedule_id: str, unit: OpenUnit) -> ScheduleView:
    """No further run; what was ordered goes on."""
    return ScheduleView.of(service.cancel(unit, schedule_id))
