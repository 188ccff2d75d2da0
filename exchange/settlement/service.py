"""Who pays whom: money set aside, taken or given back, and what is then owed. Never decides who deserves what.

Called inside the unit of the order it serves, so money and order change together or not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from exchange.kernel import errors, ids
from exchange.kernel.caller import Role
from exchange.kernel.unit import Unit
from exchange.settlement import lines, views
from exchange.settlement.deposits import Deposit, DepositState, EscrowFunded
from exchange.settlement.lines import moved
from exchange.settlement.model import (
    Hold,
    HoldCaptured,
    HoldPlaced,
    HoldReleased,
    HoldState,
    Settlement,
    SettlementAccrued,
    SettlementEligible,
    SettlementHeld,
    SettlementUnheld,
)
from exchange.settlement.rails import RailAnswer, RailName, RailStatus
from policies.engine import PolicyRefused, decide


def deposit_id(rail: RailName, rail_reference: str) -> str:
    """One receipt of a rail, one deposit: and the key under which the rail is asked for it."""
    return ids.derived("dep", rail_reference) if rail == "bank" else ids.derived("dep", rail, rail_reference)


def fund(unit: Unit, rail: RailName, confirmed: RailAnswer, *, amount_fen: int, rail_reference: str) -> Deposit:
    """Book money the rail has confirmed to have received from the caller. The same receipt again books nothing."""
    unit.caller.require(Role.BUYER)
    payer_id = unit.caller.participant_id
    deposit = unit.load(Deposit, deposit_id(rail, rail_reference))
    if deposit.state == DepositState.FUNDED and (deposit.payer_id, deposit.amount_fen) == (payer_id, amount_fen):
        return deposit
    if deposit.state == DepositState.FUNDED:
        raise errors.Guarded("this receipt is booked already", code="E_RAIL_REFERENCE")
    if confirmed.status != RailStatus.PAID or confirmed.amount_fen != amount_fen:
        raise errors.Guarded("the rail does not confirm this receipt", code="E_RAIL_REFERENCE")
    posting = moved(lines.rail(rail), {lines.escrow(payer_id): amount_fen})
    fact = EscrowFunded(
        payer_id=payer_id,
        amount_fen=amount_fen,
        rail_reference=rail_reference,
        by=unit.caller.person_id,
        lines=posting,
    )
    return unit.record(deposit, fact)


def hold_of(unit: Unit, order_id: str) -> Hold:
    """The hold of an order, NEW if there is none."""
    return unit.load(Hold, ids.derived("hld", order_id))


def hold(unit: Unit, *, order_id: str, payer_id: str, amount_fen: int, refs: tuple[str, ...]) -> Hold:
    """Set money aside. Raises `InsufficientFunds` before recording anything, so the order can record a refusal."""
    if views.locked_balance_fen(unit.connection, lines.escrow(payer_id)) < amount_fen:
        raise errors.InsufficientFunds("the escrow does not hold that much")
    posting = moved(lines.escrow(payer_id), {lines.held(order_id): amount_fen})
    fact = HoldPlaced(order_id=order_id, payer_id=payer_id, amount_fen=amount_fen, lines=posting)
    return unit.record(hold_of(unit, order_id), fact, refs=refs)


def capture(unit: Unit, order_id: str, amount_fen: int) -> Hold:
    """Take what the order cost; what is left of the hold goes back to the escrow it came from."""
    placed = hold_of(unit, order_id)
    if not 0 <= amount_fen <= placed.amount_fen:
        raise errors.Guarded("no more than what is held can be captured", code="E_CAPTURE")
    rest_fen = placed.amount_fen - amount_fen
    parts = {lines.accrued(order_id): amount_fen, lines.escrow(placed.payer_id): rest_fen}
    return unit.record(placed, HoldCaptured(captured_fen=amount_fen, lines=moved(lines.held(order_id), parts)))


def release(unit: Unit, order_id: str, rule: str) -> Hold:
    """Give all of it back, by a rule of refunds: R1 to R10."""
    placed = hold_of(unit, order_id)
    posting = moved(lines.held(order_id), {lines.escrow(placed.payer_id): placed.amount_fen})
    return unit.record(placed, HoldReleased(refund_rule=rule, lines=posting))


def settlement_of(unit: Unit, order_id: str) -> Settlement:
    """What is owed for an order, NEW if nothing is yet."""
    return unit.load(Settlement, ids.derived("stl", order_id))


def shares(unit: Unit, template: str, payees: Mapping[str, str]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Who gets how many basis points, and by which rules. `payees`: who stands in which role (SUPPLIER, EXCHANGE, …).

    An order can ask before it is placed: a role with a share and nobody in it is a guard that does not hold.
    """
    try:
        decision = decide(unit.policies, "splits", {"split_template": template})
    except PolicyRefused:
        raise errors.Guarded("there is no such split", code="E_SPLIT") from None
    found: dict[str, int] = {}
    for name, bp in decision.outcome.items():
        role = name.removesuffix("_bp").upper()
        if not isinstance(bp, int) or bp == 0:
            continue
        if role not in payees:
            raise errors.Guarded("a role with a share has no payee", code="E_PAYEE")
        found[payees[role]] = found.get(payees[role], 0) + bp
    return found, decision.rule_ids


@dataclass(frozen=True, slots=True)
class Use:
    """What an answer was made of: whose records, of which product, for which purpose."""

    weights: Mapping[str, int]
    product: str
    purpose: str


NOBODYS = Use({}, "", "")


def accrue(
    unit: Unit,
    *,
    order_id: str,
    gross_fen: int,
    template: str,
    payees: Mapping[str, str],
    refs: tuple[str, ...],
    use: Use = NOBODYS,
) -> Settlement:
    """What was captured for an order is owed to its payees. The shares are the day's, whatever rules come later."""
    placed = hold_of(unit, order_id)
    if placed.state != HoldState.CAPTURED or placed.captured_fen != gross_fen:
        raise errors.Guarded("what accrues is what was captured", code="E_GROSS")
    if use.product and not any(use.weights.values()):
        # Nobody's share is nobody else's: it waits, and never goes to whoever holds the data.
        payees = {**payees, "POOL": lines.SUSPENSE}
    shares_bp, rule_ids = shares(unit, template, payees)
    fact = SettlementAccrued(
        order_id=order_id,
        gross_fen=gross_fen,
        template=template,
        payees=dict(payees),
        shares_bp=shares_bp,
        rule_ids=rule_ids,
        policy_digest=unit.policies.digest,
        weights=dict(use.weights),
        product=use.product,
        purpose=use.purpose,
    )
    return unit.record(settlement_of(unit, order_id), fact, refs=(placed.head, *refs))


def make_eligible(unit: Unit, order_id: str) -> Settlement:
    """The order was accepted, or time accepted it: from today it can be paid."""
    fact = SettlementEligible(eligible_on=unit.calendar.today(unit.now))
    return unit.record(settlement_of(unit, order_id), fact)


def hold_back(unit: Unit, order_id: str, cause: str) -> Settlement:
    """A dispute or an order to freeze keeps it from being paid."""
    return unit.record(settlement_of(unit, order_id), SettlementHeld(cause=cause))


def let_go(unit: Unit, order_id: str, cause: str) -> Settlement:
    return unit.record(settlement_of(unit, order_id), SettlementUnheld(cause=cause))
