"""The fact that a ticket was signed. It belongs to an order's life; it is declared here because dispatch follows it."""

from exchange.kernel.entity import Event
from exchange.wire.envelope import Envelope


class TicketIssued(Event):
    """The exchange signed an order to one domain. Exactly this is sent there, with proof that it is in the log."""

    ticket_id: str
    domain: str
    licence_id: str
    ticket: Envelope
    digest: str
    expires_at_s: int
    template_id: str = ""
    addendum_id: str = ""
    """Of the template it runs, of the addendum it rests on: what the provider signed of them travels with it."""
