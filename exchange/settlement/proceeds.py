"""What individuals earn (rulebook 4.6): a pool's part shared by weights in micro-yuan, paid in fen, never forfeited.

A pool holds exactly what its members have accrued; whoever has less than a yuan may ask for it all the same.
"""

from typing import Annotated, Any

from pydantic import Field

from exchange.kernel import ids, money
from exchange.kernel.entity import Entity, Event
from exchange.kernel.errors import Guarded
from exchange.kernel.unit import Unit
from exchange.settlement import lines
from exchange.settlement.accounts import payable_to
from exchange.settlement.lines import Posting, moved
from exchange.settlement.model import Settlement
from exchange.settlement.payout import Payout, PayoutOrdered
from exchange.wire.acts import Fen

PAID_FROM_FEN = 100
"""One yuan: less is paid only to who asks."""


class ProceedsAccrued(Event):
    """One settlement's pool was shared; this is what one member of it got."""

    pseudonym: str
    asset_id: str
    settlement_id: str
    micro_yuan: Annotated[int, Field(ge=0)]


class ProceedsPaid(Event):
    """Whole fen are on their way; the rest of a fen stays."""

    payout_id: str
    amount_fen: Fen
    lines: Posting


class Proceeds(Entity):
    """What one person, by the name it has for one asset, has accrued and was not paid yet."""

    NEXT = {("NEW", ProceedsAccrued): "OPEN", ("OPEN", ProceedsAccrued): "OPEN", ("OPEN", ProceedsPaid): "OPEN"}
    pseudonym: str = ""
    asset_id: str = ""
    accrued_micro_yuan: int = 0
    paid_fen: int = 0
    payouts: int = 0

    def learned(self, event: Event) -> dict[str, Any]:
        known = super().learned(event)
        if isinstance(event, ProceedsAccrued):
            known["accrued_micro_yuan"] = self.accrued_micro_yuan + event.micro_yuan
        elif isinstance(event, ProceedsPaid):
            left = self.accrued_micro_yuan - event.amount_fen * money.MICRO_YUAN_PER_FEN
            known |= {
                "accrued_micro_yuan": left, "paid_fen": self.paid_fen + event.amount_fen, "payouts": self.payouts + 1,
            }  # fmt: skip
        return known


def proceeds_of(unit: Unit, pseudonym: str) -> Proceeds:
    return unit.load(Proceeds, ids.derived("prc", pseudonym))


def share(unit: Unit, owed: Settlement, asset_id: str) -> None:
    """Divide what a settlement brought a pool among those whose records were in the answer, to the micro-yuan."""
    pool = lines.pool_of(asset_id)
    part_fen = owed.parts_fen.get(pool, 0) - owed.clawed_fen.get(pool, 0)
    if part_fen <= 0 or not any(owed.weights.values()):
        return
    parts = money.in_proportion(part_fen * money.MICRO_YUAN_PER_FEN, owed.weights)
    for name, micro_yuan in sorted(parts.items()):
        fact = ProceedsAccrued(pseudonym=name, asset_id=asset_id, settlement_id=owed.id, micro_yuan=micro_yuan)
        unit.record(proceeds_of(unit, name), fact, refs=(owed.head,))


def ask(unit: Unit, pseudonym: str) -> Payout:
    """Paid because the person asks, however little it is."""
    found = proceeds_of(unit, pseudonym)
    if found.accrued_micro_yuan < money.MICRO_YUAN_PER_FEN:
        raise Guarded("less than a fen is kept until there is more", code="E_ACCRUED")
    if payable_to(unit, pseudonym) is None:
        raise Guarded("name a wallet first, and have it verified", code="E_ACCOUNT")
    return _pay(unit, found)


def pay(unit: Unit, proceeds_id: str) -> None:
    """For the timer: a yuan and more is paid without being asked for."""
    found = unit.get(Proceeds, proceeds_id)
    if found.accrued_micro_yuan >= PAID_FROM_FEN * money.MICRO_YUAN_PER_FEN and payable_to(unit, found.pseudonym):
        _pay(unit, found)


def _pay(unit: Unit, found: Proceeds) -> Payout:
    amount_fen, _ = money.bill(found.accrued_micro_yuan)
    payout = Payout(id=ids.derived("pay", found.id, str(found.payouts)))
    posting = moved(lines.payable(lines.pool_of(found.asset_id)), {lines.payable(found.pseudonym): amount_fen})
    paid = unit.record(found, ProceedsPaid(payout_id=payout.id, amount_fen=amount_fen, lines=posting))
    ordered = PayoutOrdered(settlement_id="", order_id="", batch_id="", payee_id=found.pseudonym, amount_fen=amount_fen)
    return unit.record(payout, ordered, refs=(paid.head,))
