"""Standing orders: made by a buyer, run by time, each run once whatever crashes; stopped by the first refusal.

The run and the order it makes are one transaction, and the order's id follows from the run's number.
"""

from calendar import monthrange
from datetime import date, timedelta
from threading import Event as Signal

import structlog

from exchange.kernel import ids
from exchange.kernel.caller import CLOCKWORK, Caller, Role
from exchange.kernel.errors import ExchangeError, Guarded, NotFound, RecordedRefusal
from exchange.kernel.unit import Ground, Unit
from exchange.orders import schedule_views as views
from exchange.orders import service
from exchange.orders.asks import OrderAsk, ScheduleAsk
from exchange.orders.schedule_model import (
    Every,
    Schedule,
    ScheduleCancelled,
    ScheduleCompleted,
    ScheduleMade,
    ScheduleRan,
    ScheduleStopped,
)

HOUR_US = 3_600_000_000
_MONTHS_A_YEAR = 12
log = structlog.get_logger()


def make(unit: Unit, ask: ScheduleAsk) -> Schedule:
    """Set it up, if its first run would be permitted now. Nothing is set aside before a run is due."""
    verdict = service.explain(unit, ask.order)
    if not verdict.permitted:
        raise Guarded("a run would be refused: try the dry run of it", code=verdict.reasons[0])
    first_on = date.fromisoformat(ask.first_on)
    next_at = _due_at(unit, first_on, ask.hour)
    if next_at < unit.now:
        raise Guarded("the first run lies in the past", code="E_WINDOW")
    trade = service.own_trade(unit, ask.order.licence_id)
    made = ScheduleMade(
        **ask.order.model_dump(exclude={"computation"}),
        computation=ask.order.computation,
        buyer_id=trade.buyer.id,
        provider_id=trade.provider.id,
        every=ask.every,
        first_on=ask.first_on,
        hour=ask.hour,
        runs_max=ask.runs_max,
        total_cap_fen=ask.total_cap_fen,
        next_at=next_at,
        by=unit.caller.person_id,
    )
    return unit.record(Schedule(id=ids.fresh("sch")), made, refs=(trade.licence.head,))


def cancel(unit: Unit, schedule_id: str) -> Schedule:
    """No further run. Orders that were placed go on."""
    schedule = shown(unit, schedule_id)
    if schedule.buyer_id != unit.caller.participant_id or Role.BUYER not in unit.caller.roles:
        raise NotFound("no such schedule")
    return unit.record(schedule, ScheduleCancelled(by=unit.caller.person_id))


def shown(unit: Unit, schedule_id: str) -> Schedule:
    schedule = unit.get(Schedule, schedule_id)
    if unit.caller.participant_id not in (schedule.buyer_id, schedule.provider_id):
        raise NotFound("no such schedule")
    return schedule


def run(unit: Unit, schedule_id: str) -> Schedule:
    """For the planner: place the order that is due, as the buyer who asked for it; or stop, and say why."""
    schedule = unit.get(Schedule, schedule_id)
    if schedule.state != "ACTIVE" or unit.now < schedule.next_at:
        return schedule
    unit.caller = Caller(schedule.buyer_id, schedule.by, frozenset({Role.BUYER}))
    ask, order_id = _ask_of(schedule), ids.derived("ord", schedule.id, str(schedule.runs + 1))
    if schedule.spent_fen + service.explain(unit, ask).quote.hold_fen > schedule.total_cap_fen:
        return unit.record(schedule, ScheduleStopped(reasons=("E_SCHEDULE_CAP",), order_id=""))
    try:
        order = service.place_order(unit, unit.ground.key, ask, order_id=order_id)
    except RecordedRefusal as refusal:
        # The refused order is kept with its facts, beside the end of the schedule.
        return unit.record(schedule, ScheduleStopped(reasons=refusal.reasons, order_id=order_id))
    runs = schedule.runs + 1
    next_at = _due_at(unit, planned_on(schedule, runs), schedule.hour) if runs < schedule.runs_max else 0
    ran = ScheduleRan(order_id=order.id, held_fen=order.hold_fen, next_at=next_at)
    schedule = unit.record(schedule, ran, refs=(order.head,))
    return unit.record(schedule, ScheduleCompleted()) if runs == schedule.runs_max else schedule


def planned_on(schedule: Schedule, runs: int) -> date:
    """The day of the run after so many; counted from the first day, so that no month's end is lost on the way."""
    first = date.fromisoformat(schedule.first_on)
    if schedule.every is not Every.MONTH:
        return first + timedelta(days=runs * (7 if schedule.every is Every.WEEK else 1))
    year, month = divmod(first.year * _MONTHS_A_YEAR + first.month - 1 + runs, _MONTHS_A_YEAR)
    return date(year, month + 1, min(first.day, monthrange(year, month + 1)[1]))


class Planner:
    """Makes what is due. It signs tickets, so it lives where the key for it is; several of them do no harm."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def run(self, stop: Signal, pause_s: float) -> None:
        while not stop.wait(pause_s):
            try:
                self.run_once()
            except Exception as error:
                log.warning("planner.failed", error=type(error).__name__)

    def run_once(self) -> int:
        """One run of each schedule that is due; a late one is made late, and none is left out."""
        with self._ground.reading(CLOCKWORK) as unit:
            due = views.due(unit.connection, unit.now)
        for schedule_id in due:
            try:
                with self._ground.writing(CLOCKWORK) as unit:
                    run(unit, schedule_id)
            except ExchangeError as error:
                log.warning("planner.step_failed", code=error.reason, subject=schedule_id)
        return len(due)


def _due_at(unit: Unit, day: date, hour: int) -> int:
    return unit.calendar.end_of(day - timedelta(days=1)) + hour * HOUR_US


def _ask_of(schedule: Schedule) -> OrderAsk:
    if schedule.purpose is None or schedule.computation is None:
        raise ValueError("this schedule has not come so far")
    return OrderAsk(
        licence_id=schedule.licence_id,
        computation=schedule.computation,
        purpose=schedule.purpose,
        territory=schedule.territory,
        mode=schedule.mode,
        rho_nrho=schedule.rho_nrho,
    )
