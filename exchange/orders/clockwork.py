"""What time alone brings about. Asks every slice what is due and lets it do it; decides nothing by itself.

Each step looks again inside its own unit, so a step that comes twice or too late does nothing.
"""

from collections.abc import Callable, Sequence
from threading import Event as Signal
from typing import NamedTuple

import structlog

from exchange.access import service as access
from exchange.authorization import views as authorization
from exchange.authorization.model import TicketIssued
from exchange.consent import service as consent
from exchange.consent import views as consents
from exchange.custody import keeping, releasing
from exchange.dispatch.service import Dispatcher
from exchange.incidents import service as incidents
from exchange.kernel.caller import CLOCKWORK
from exchange.kernel.errors import ExchangeError
from exchange.kernel.feed import covered
from exchange.kernel.unit import Ground, Unit, history
from exchange.licensing import listings, rescan, stops
from exchange.licensing import views as licensing
from exchange.orders import approving, endings, views
from exchange.registration import register
from exchange.registration.views import outlived
from exchange.settlement import paying, proceeds, proceeds_views

RESEND_AFTER_US = 15_000_000
log = structlog.get_logger()


class Timer(NamedTuple):
    """What is due now, and what is then done to each, in a unit of its own."""

    name: str
    due: Callable[[Unit], list[str]]
    step: Callable[[Unit, str], object]


TIMERS = (
    Timer("ticket", lambda unit: views.due(unit.connection, unit.now), endings.lapse),
    Timer("inspection", lambda unit: views.due(unit.connection, unit.now), endings.accept_by_silence),
    Timer("approval", lambda unit: authorization.due(unit.connection, unit.now), approving.time_out),
    Timer("supplement", access.lapsed_supplements, access.lapse_supplement),
    Timer("certificate", lambda unit: outlived(unit.connection, unit.calendar.today(unit.now)), register.expire),
    Timer("provider", lambda unit: licensing.unprovided_listings(unit.connection), listings.follow_provider),
    Timer("party", lambda unit: licensing.unprovided_licences(unit.connection), stops.follow_party),
    Timer("listing", lambda unit: licensing.uncertified_listings(unit.connection), listings.suspend_uncertified),
    Timer("certified", lambda unit: licensing.uncertified_licences(unit.connection), stops.suspend_uncertified),
    Timer("licence", lambda unit: licensing.due(unit.connection, unit.now), stops.lapse),
    Timer("release", releasing.unanswered, releasing.lapse),
    Timer("proof", keeping.unproved, keeping.look_again),
    Timer("incident", incidents.unreported, incidents.miss_report),
    Timer("batch", paying.due_batches, paying.submit),
    Timer("proceeds", lambda unit: proceeds_views.due(unit.connection), proceeds.pay),
    Timer("consent", lambda unit: consents.due(unit.connection, unit.now), consent.lapse),
    Timer("quota", lambda unit: views.used_up(unit.connection), endings.use_up),
)
"""In the order in which one may follow from another."""


class Clockwork:
    """Looks at what is due. `dispatcher` may be absent where another process dispatches.

    `also`: the timers of slices that stand above the trade.
    """

    def __init__(self, ground: Ground, dispatcher: Dispatcher | None, *, also: Sequence[Timer] = ()) -> None:
        self._ground = ground
        self._dispatcher = dispatcher
        self._timers = [*TIMERS, *also]
        self._timers.append(Timer("barred_listing", rescan.of_listings().due, listings.suspend_barred))
        self._timers.append(Timer("barred_licence", rescan.of_licences().due, stops.suspend_barred))

    def run(self, stop: Signal, pause_s: float) -> None:
        while not stop.wait(pause_s):
            try:
                self.run_once()
            except Exception as error:
                log.warning("clockwork.failed", error=type(error).__name__)

    def run_once(self) -> None:
        """Deal with everything that is due now."""
        for timer in self._timers:
            with self._ground.reading(CLOCKWORK) as unit:
                due = timer.due(unit)
            for subject in due:
                self._step(timer, subject)
        if self._dispatcher is not None:
            with self._ground.reading(CLOCKWORK) as unit:
                waiting = views.ticketed_before(unit.connection, unit.now - RESEND_AFTER_US)
            for order_id in waiting:
                self._send_again(self._dispatcher, order_id)

    def _step(self, timer: Timer, subject: str) -> None:
        try:
            with self._ground.writing(CLOCKWORK) as unit:
                timer.step(unit, subject)
        except ExchangeError as error:
            log.warning("clockwork.step_failed", code=error.reason, timer=timer.name, subject=subject)

    def _send_again(self, dispatcher: Dispatcher, order_id: str) -> None:
        """The broker may have lost a ticket (a crash may cost it its last second): the log has not."""
        with self._ground.store.reading() as connection:
            reach = covered(connection)
            facts = history(connection, order_id)
        for fact in facts:
            if isinstance(fact.event, TicketIssued) and fact.idx is not None and fact.idx < reach:
                dispatcher.send(fact.event, fact.id)
