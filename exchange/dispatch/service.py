"""Sent to the provider: a follower of the log that puts each logged ticket, with its proof, into its domain's queue.

It decides nothing. A ticket enters a queue only once a signed checkpoint covers it: the domain would refuse it before.
"""

import structlog
from pydantic import ValidationError

from exchange.access.nodes import NodeRegistered
from exchange.authorization.controls_model import ControlsRequest
from exchange.authorization.model import TicketIssued
from exchange.authorization.template_model import Template
from exchange.dispatch.doors import Doors
from exchange.kernel.caller import NOBODY
from exchange.kernel.facts import Fact
from exchange.kernel.feed import Follower
from exchange.kernel.unit import Ground
from exchange.licensing.model import Licence
from exchange.wire.deliveries import Delivery
from exchange.wire.queue import BadMessage

log = structlog.get_logger()


class Dispatcher:
    """Carries tickets to queues. Twice is harmless: a queue takes a ticket id once, a domain runs it once."""

    def __init__(self, ground: Ground, doors: Doors) -> None:
        self._ground = ground
        self._doors = doors

    def follower(self) -> Follower:
        return Follower("dispatch", self._ground.store, self.handle)

    def handle(self, fact: Fact) -> None:
        """Deal with one fact of the log: a new domain is let in, a ticket is sent; the rest is not our business."""
        match fact.event:
            case NodeRegistered() as registered:
                self._doors.let_in(registered)
            case TicketIssued() as issued:
                self.send(issued, fact.id)

    def send(self, issued: TicketIssued, event_id: str) -> bool:
        """Put one ticket into its domain's queue; False if it is there already."""
        queue = self._doors.queue_of(issued.domain)
        if queue.holds(issued.ticket_id):
            return False
        try:
            return queue.put(issued.ticket_id, self._delivery(issued, event_id).model_dump_json())
        except (BadMessage, ValidationError):
            # It will never fit, and those behind it must not wait for it: it lapses, and the buyer has its money back.
            log.error("ticket.undeliverable", ticket=issued.ticket_id)
            return False

    def _delivery(self, issued: TicketIssued, event_id: str) -> Delivery:
        with self._ground.reading(NOBODY) as unit:
            licence = unit.get(Licence, issued.licence_id)
            template = unit.get(Template, issued.template_id).envelope if issued.template_id else None
            addendum = unit.get(ControlsRequest, issued.addendum_id).envelope if issued.addendum_id else None
            opened = unit.opened(event_id)
        return Delivery.packed(
            entry=opened.entry,
            content=opened.content,
            salt=opened.salt,
            proof=opened.proof,
            licence=licence.signed,
            template=template,
            addendum=addendum,
        )
