"""A schedule: the same computation again and again, each time an ordinary order, until something ends. Pure."""

from enum import StrEnum

from exchange.kernel.entity import Entity, Event
from exchange.wire.computations import Computation
from exchange.wire.licences import Mode, Purpose


class Every(StrEnum):
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


class ScheduleMade(Event):
    """`first_on` and `hour` are of Shanghai; a month that has no such day takes its last."""

    buyer_id: str
    provider_id: str
    licence_id: str
    computation: Computation
    purpose: Purpose
    territory: str
    mode: Mode
    rho_nrho: int | None
    every: Every
    first_on: str
    hour: int
    runs_max: int
    total_cap_fen: int
    next_at: int
    by: str


class ScheduleRan(Event):
    """One more order was placed, and how much was set aside for it."""

    order_id: str
    held_fen: int
    next_at: int


class ScheduleStopped(Event):
    """It ends before its last run. Where an order was refused, that order says on which facts."""

    reasons: tuple[str, ...]
    order_id: str


class ScheduleCompleted(Event):
    """All its runs were made."""


class ScheduleCancelled(Event):
    by: str


class Schedule(Entity):
    """The buyer's standing order. Each run is decided, priced and approved like any other."""

    NEXT = {
        ("NEW", ScheduleMade): "ACTIVE",
        ("ACTIVE", ScheduleRan): "ACTIVE",
        ("ACTIVE", ScheduleStopped): "STOPPED",
        ("ACTIVE", ScheduleCompleted): "COMPLETED",
        ("ACTIVE", ScheduleCancelled): "CANCELLED",
    }
    buyer_id: str = ""
    provider_id: str = ""
    licence_id: str = ""
    computation: Computation | None = None
    purpose: Purpose | None = None
    territory: str = ""
    mode: Mode = Mode.RESULT
    rho_nrho: int | None = None
    every: Every = Every.DAY
    first_on: str = ""
    hour: int = 0
    runs_max: int = 0
    total_cap_fen: int = 0
    next_at: int = 0
    by: str = ""
    runs: int = 0
    spent_fen: int = 0
    """What was set aside for its runs so far: no run costs more."""
    order_id: str = ""
    """The last one."""
    reasons: tuple[str, ...] = ()

    def learned(self, event: Event) -> dict[str, object]:
        known = super().learned(event)
        if isinstance(event, ScheduleRan):
            known |= {"runs": self.runs + 1, "spent_fen": self.spent_fen + event.held_fen}
        elif isinstance(event, ScheduleCancelled):
            known["by"] = self.by
        return known
