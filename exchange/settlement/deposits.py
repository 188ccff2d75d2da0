"""Money that came in: one receipt of a rail, one deposit, however often it is told of. Pure."""

from enum import StrEnum

from exchange.kernel.entity import Entity, Event
from exchange.settlement.lines import Posting
from exchange.wire.acts import Fen


class DepositState(StrEnum):
    NEW = "NEW"
    FUNDED = "FUNDED"


class EscrowFunded(Event):
    """A rail confirmed that a participant's money came in."""

    payer_id: str
    amount_fen: Fen
    rail_reference: str
    by: str
    lines: Posting


class Deposit(Entity):
    """One incoming payment; derived from the rail's reference, so that no receipt is booked twice."""

    NEXT = {(DepositState.NEW, EscrowFunded): DepositState.FUNDED}
    payer_id: str = ""
    amount_fen: int = 0
    lines: Posting = ()
