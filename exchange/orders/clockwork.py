"""What time alone brings about: tickets lapse, silence becomes acceptance, and a ticket nobody took is sent again.

Each step looks again inside its own unit, so a step that comes twice or too late does nothing.
"""

from threading import Event as Signal

import structlog
from sqlalchemy import select
from sqlmodel import SQLModel

from exchange.authorization.model import TicketIssued
from exchange.dispatch.service import Dispatcher
from exchange.kernel.caller import CLOCKWORK
from exchange.kernel.errors import ExchangeError
from exchange.kernel.feed import covered
from exchange.kernel.unit import Ground, history
from exchange.orders import endings

RESEND_AFTER_US = 15_000_000
log = structlog.get_logger()


class Clockwork:
    """Looks at what is due. `dispatcher` may be absent where another process dispatches."""

    def __init__(self, ground: Ground, dispatcher: Dispatcher | None) -> None:
        self._ground = ground
        self._dispatcher = dispatcher

    def run(self, stop: Signal, pause_s: float) -> None:
        while not stop.wait(pause_s):
            try:
                self.run_once()
            except Exception as error:
                log.warning("clockwork.failed", error=type(error).__name__)

    def run_once(self) -> None:
        """Deal with everything that is due now."""
        for order_id in self._orders("TICKETED", due=True):
            self._step(order_id)
        for order_id in self._orders("DELIVERED", due=True):
            self._step(order_id)
        if self._dispatcher is not None:
            for order_id in self._orders("TICKETED", due=False):
                self._send_again(self._dispatcher, order_id)

    def _step(self, order_id: str) -> None:
        try:
            with self._ground.writing(CLOCKWORK) as unit:
                endings.lapse(unit, order_id)
                endings.accept_by_silence(unit, order_id)
        except ExchangeError as error:
            log.warning("clockwork.step_failed", code=error.reason, order=order_id)

    def _orders(self, state: str, *, due: bool) -> list[str]:
        table, now = SQLModel.metadata.tables["orders"], self._ground.clock()
        query = select(table.c.id).where(table.c.state == state).limit(500)
        query = query.where(table.c.due_at <= now) if due else query.where(table.c.placed_at <= now - RESEND_AFTER_US)
        with self._ground.store.reading() as connection:
            return list(connection.execute(query).scalars())

    def _send_again(self, dispatcher: Dispatcher, order_id: str) -> None:
        """The broker may have lost a ticket (a crash may cost it its last second): the log has not."""
        with self._ground.store.reading() as connection:
            reach = covered(connection)
            facts = history(connection, order_id)
        for fact in facts:
            if isinstance(fact.event, TicketIssued) and fact.idx is not None and fact.idx < reach:
                dispatcher.send(fact.event, fact.id)
