"""What a decided dispute gives back to the buyer (rulebook 4.8, R6): from what is held, or from those it was paid to.

Posts further lines and edits none. Never decides how much.
"""

from collections.abc import Mapping

from exchange.access import service as access
from exchange.kernel import errors, money
from exchange.kernel.unit import Unit
from exchange.settlement import lines, views
from exchange.settlement import service as settlement
from exchange.settlement.lines import moved
from exchange.settlement.model import (
    Settlement,
    SettlementClawedBack,
    SettlementReduced,
    SettlementRefunded,
    SettlementState,
)
from exchange.settlement.proceeds_views import accrued_fen
from exchange.wire.acts import Fen

HOLDABLE = (SettlementState.ACCRUED, SettlementState.ELIGIBLE)
HELD = (SettlementState.HELD, SettlementState.HELD_ELIGIBLE)


def hold_disputed(unit: Unit, order_id: str, cause: str) -> Settlement:
    """Keep what nobody was paid yet from being paid. What is in a batch goes its way and is clawed back if need be."""
    owed = settlement.settlement_of(unit, order_id)
    return settlement.hold_back(unit, order_id, cause) if owed.state in HOLDABLE else owed


def conclude_disputed(unit: Unit, order_id: str, cause: str, refund_fen: Fen, rule: str) -> Mapping[str, int]:
    """Give back what was decided, let the rest go. Answers with who has to bear how much of what it was paid."""
    owed = settlement.settlement_of(unit, order_id)
    if not 0 <= refund_fen <= owed.gross_fen or (refund_fen and owed.refund_fen):
        raise errors.Guarded("no more than the price is given back, and once", code="E_REFUND_CASE")
    if owed.state in HELD:
        _give_back_held(unit, owed, cause, refund_fen, rule)
        return {}
    return _claw_back(unit, owed, cause, refund_fen, rule) if refund_fen else {}


def _give_back_held(unit: Unit, owed: Settlement, cause: str, refund_fen: int, rule: str) -> None:
    payer_id = settlement.hold_of(unit, owed.order_id).payer_id
    posting = moved(lines.accrued(owed.order_id), {lines.escrow(payer_id): refund_fen})
    kind = SettlementRefunded if refund_fen == owed.gross_fen and refund_fen else SettlementReduced
    if refund_fen:
        unit.record(owed, kind(cause=cause, refund_rule=rule, refund_fen=refund_fen, lines=posting))
    if kind is SettlementReduced:
        settlement.let_go(unit, owed.order_id, cause)


def _claw_back(unit: Unit, owed: Settlement, cause: str, refund_fen: int, rule: str) -> Mapping[str, int]:
    # In the queue of those who move many balances: netting reads what is owed here.
    views.locked_balance_fen(unit.connection, lines.BANK)
    payer_id = settlement.hold_of(unit, owed.order_id).payer_id
    clawed_fen = {payee: fen for payee, fen in money.in_proportion(refund_fen, owed.parts_fen).items() if fen}
    taken: dict[str, int] = {}
    for payee_id, fen in clawed_fen.items():
        for account, part_fen in _borne_by(unit, owed, payee_id, fen).items():
            taken[account] = taken.get(account, 0) - part_fen
    fact = SettlementClawedBack(
        cause=cause,
        refund_rule=rule,
        refund_fen=refund_fen,
        clawed_fen=clawed_fen,
        lines=moved(lines.escrow(payer_id), taken),
    )
    unit.record(owed, fact)
    return clawed_fen


def _borne_by(unit: Unit, owed: Settlement, payee_id: str, fen: int) -> dict[str, int]:
    """A payee owes it from now on. A pool gives what nobody in it has accrued; the exchange bears the rest."""
    if not lines.is_pool(payee_id):
        return {lines.receivable(payee_id): fen}
    theirs_fen = accrued_fen(unit.connection, payee_id.removeprefix(lines.POOL_PREFIX))
    left_fen = min(fen, views.locked_balance_fen(unit.connection, lines.payable(payee_id)) - theirs_fen)
    return {lines.payable(payee_id): left_fen, lines.receivable(access.EXCHANGE_ID): fen - left_fen}
