"""Closing days and paying out. A payout's id is its idempotency key, and a rail is asked before it is told to pay.

So a crash between the bank's yes and our commit, or any silence of the bank, ends in one payment.
"""

from exchange.kernel import errors, ids, money
from exchange.kernel.caller import Role
from exchange.kernel.clock import SECOND
from exchange.kernel.unit import Unit
from exchange.settlement import lines, views
from exchange.settlement.lines import moved
from exchange.settlement.model import (
    Batch,
    BatchClosed,
    BatchPaid,
    BatchState,
    Settlement,
    SettlementBatched,
    SettlementPaid,
    SettlementState,
)
from exchange.settlement.payout import (
    Payout,
    PayoutFailed,
    PayoutFixApproved,
    PayoutRetrying,
    PayoutReversed,
    PayoutSettled,
    PayoutState,
    PayoutSubmitted,
)
from exchange.settlement.rails import Rail, RailAnswer, RailStatus

BATCH_MAX = 500
ATTEMPTS_MAX = 3
WAITS_S = (60, 300, 1_800)


def close_day(unit: Unit) -> Batch:
    """Put everything that is eligible in one batch and split it. What falls due later waits for the next one."""
    _alone(unit)
    today = unit.calendar.today(unit.now)
    found = views.eligible(unit.connection, until=today, limit=BATCH_MAX)
    due = [unit.get(Settlement, settlement_id) for settlement_id in found]
    if not due:
        raise errors.Guarded("nothing is eligible", code="E_BATCH_EMPTY")
    last = max(owed.eligible_on for owed in due if owed.eligible_on is not None)
    fact = BatchClosed(
        closed_on=today,
        pay_on=unit.calendar.after(last, 1),
        settlement_ids=tuple(owed.id for owed in due),
        gross_fen=sum(owed.to_split_fen for owed in due),
        by=unit.caller.person_id,
    )
    batch = unit.record(Batch(id=ids.fresh("bat")), fact)
    for owed in due:
        _split(unit, owed, batch)
    return batch


def pay(unit: Unit, rail: Rail, batch_id: str) -> Batch:
    """Pay what of a batch is not paid and may be tried now. Safe to repeat: what is paid is passed over."""
    _alone(unit)
    batch = unit.get(Batch, batch_id)
    if batch.pay_on is None or unit.calendar.today(unit.now) < batch.pay_on:
        raise errors.Guarded("this batch is paid from the next working day", code="E_NOT_YET")
    for settlement_id in batch.settlement_ids:
        owed = unit.get(Settlement, settlement_id)
        for payee_id in _paid_by_rail(owed):
            payout = unit.load(Payout, owed.payout_id(payee_id))
            due = payout.state == PayoutState.NEW or (
                payout.state == PayoutState.RETRYING and unit.now >= payout.retry_at
            )
            if due:
                _attempt(unit, rail, payout, owed, payee_id)
        _conclude(unit, owed)
    return _conclude_batch(unit, batch)


def due_again(unit: Unit) -> list[str]:
    """Payouts whose wait is over."""
    waiting = [unit.get(Payout, one) for one in views.retrying(unit.connection)]
    return [payout.id for payout in waiting if unit.now >= payout.retry_at]


def try_again(unit: Unit, payout_id: str, rail: Rail) -> Payout:
    """For the timer: what people began to pay is tried again after its wait."""
    _queued(unit)
    payout = unit.get(Payout, payout_id)
    if payout.state != PayoutState.RETRYING or unit.now < payout.retry_at:
        return payout
    owed = unit.get(Settlement, payout.settlement_id)
    payout = _attempt(unit, rail, payout, owed, payout.payee_id)
    _conclude(unit, owed)
    _conclude_batch(unit, unit.get(Batch, owed.batch_id))
    return payout


def fix_payout(unit: Unit, rail: Rail, payout_id: str, account_digest: str) -> Payout:
    """Send a failed payout again: once two different persons have verified the same account of the payee."""
    _alone(unit)
    payout = unit.get(Payout, payout_id)
    person = unit.caller.person_id
    if payout.state != PayoutState.FAILED_MANUAL:
        raise errors.IllegalTransition("only a failed payout is sent again by hand")
    if not payout.approved_by:
        return unit.record(payout, PayoutFixApproved(by=person, account_digest=account_digest))
    if payout.approved_by == person:
        raise errors.Guarded("a second person must verify it", code="E_SECOND_PERSON")
    if payout.account_digest != account_digest:
        # Whoever comes second may be the one who is right: the new account starts the count of two again.
        return unit.record(payout, PayoutFixApproved(by=person, account_digest=account_digest))
    owed = unit.get(Settlement, payout.settlement_id)
    approvers = (payout.approved_by, person)
    payout = _attempt(unit, rail, payout, owed, payout.payee_id, approvers)
    _conclude(unit, owed)
    _conclude_batch(unit, unit.get(Batch, owed.batch_id))
    return payout


def reverse_payout(unit: Unit, rail: Rail, payout_id: str, cause: str) -> Payout:
    """Take a payment back through the rail, by a decision (`cause`). The money is owed to the payee again, unpaid."""
    _alone(unit)
    payout = unit.get(Payout, payout_id)
    key = ids.derived("rev", payout.id)
    if payout.state != PayoutState.SETTLED:
        raise errors.IllegalTransition("only what was paid can be reversed")
    answer = rail.refund(key=key, payee_id=payout.payee_id, amount_fen=payout.amount_fen)
    if answer.status != RailStatus.PAID or answer.amount_fen != payout.amount_fen:
        raise errors.Guarded("the rail does not take it back", code="E_RAIL_REFERENCE")
    fact = PayoutReversed(
        by=unit.caller.person_id,
        cause=cause,
        rail_reference=answer.rail_reference,
        lines=moved(lines.BANK, {lines.payable(payout.payee_id): payout.amount_fen}),
    )
    return unit.record(payout, fact)


def _alone(unit: Unit) -> None:
    """The duty, and a queue."""
    unit.caller.require(Role.SETTLEMENT)
    _queued(unit)


def _queued(unit: Unit) -> None:
    """Units that move many payables at once would otherwise wait for each other in a ring."""
    views.locked_balance_fen(unit.connection, lines.BANK)


def _split(unit: Unit, owed: Settlement, batch: Batch) -> None:
    parts_fen = {payee: fen for payee, fen in money.split(owed.to_split_fen, owed.shares_bp).items() if fen}
    # What a payee owes after a dispute is kept from what it gets next (rulebook 4.8).
    owes = {payee: -views.balance_fen(unit.connection, lines.receivable(payee)) for payee in parts_fen}
    netted = {payee: min(fen, owes[payee]) for payee, fen in parts_fen.items() if owes[payee] > 0}
    parts = {lines.payable(payee): fen - netted.get(payee, 0) for payee, fen in parts_fen.items()}
    posting = moved(lines.accrued(owed.order_id), {**parts, **{lines.receivable(one): netted[one] for one in netted}})
    fact = SettlementBatched(batch_id=batch.id, parts_fen=parts_fen, netted_fen=netted, lines=posting)
    unit.record(owed, fact, refs=(batch.head,))


def _attempt(
    unit: Unit, rail: Rail, payout: Payout, owed: Settlement, payee_id: str, approvers: tuple[str, ...] = ()
) -> Payout:
    known = rail.query(payout.id)
    if known.status == RailStatus.UNKNOWN:
        return _ask_later(unit, payout)
    if known.status == RailStatus.PAID and payout.state != PayoutState.NEW:
        return _settle(unit, payout, known)
    if payout.state == PayoutState.RETRYING and payout.attempt >= ATTEMPTS_MAX:
        return unit.record(payout, PayoutFailed(attempt=payout.attempt, code=payout.code))
    submitted = PayoutSubmitted(
        settlement_id=owed.id,
        order_id=owed.order_id,
        batch_id=owed.batch_id,
        payee_id=payee_id,
        amount_fen=owed.payout_fen(payee_id),
        attempt=payout.attempt + 1,
        approvers=approvers,
    )
    payout = unit.record(payout, submitted, refs=(owed.head,))
    if known.status == RailStatus.PAID:
        return _settle(unit, payout, known)
    return _heard(unit, payout, rail.release(key=payout.id, payee_id=payee_id, amount_fen=payout.amount_fen))


def _heard(unit: Unit, payout: Payout, answer: RailAnswer) -> Payout:
    if answer.status == RailStatus.PAID:
        return _settle(unit, payout, answer)
    final = answer.status == RailStatus.REJECTED
    if final or (answer.status == RailStatus.NACK and payout.attempt >= ATTEMPTS_MAX):
        return unit.record(payout, PayoutFailed(attempt=payout.attempt, code=answer.status.value))
    wait_s = WAITS_S[min(payout.attempt, len(WAITS_S)) - 1]
    code = answer.status.value
    return unit.record(payout, PayoutRetrying(attempt=payout.attempt, code=code, retry_at=unit.now + wait_s * SECOND))


def _ask_later(unit: Unit, payout: Payout) -> Payout:
    """The rail does not even say what became of the key: nothing is sent, however long that lasts."""
    if payout.state == PayoutState.NEW:
        return payout
    if payout.state == PayoutState.FAILED_MANUAL:
        raise errors.Guarded("the rail does not answer; nothing was sent", code="E_RAIL_UNKNOWN")
    later = unit.now + WAITS_S[-1] * SECOND
    return unit.record(payout, PayoutRetrying(attempt=payout.attempt, code=RailStatus.UNKNOWN.value, retry_at=later))


def _settle(unit: Unit, payout: Payout, answer: RailAnswer) -> Payout:
    if answer.amount_fen != payout.amount_fen:
        if payout.state == PayoutState.FAILED_MANUAL:
            raise errors.Guarded("the rail has paid another amount", code="E_RAIL_AMOUNT")
        return unit.record(payout, PayoutFailed(attempt=payout.attempt, code="AMOUNT"))
    posting = moved(lines.payable(payout.payee_id), {lines.BANK: payout.amount_fen})
    return unit.record(payout, PayoutSettled(rail_reference=answer.rail_reference, lines=posting))


def _paid_by_rail(owed: Settlement) -> list[str]:
    return lines.on_rails(payee for payee in sorted(owed.parts_fen) if owed.payout_fen(payee))


def _conclude(unit: Unit, owed: Settlement) -> None:
    payouts = [unit.load(Payout, owed.payout_id(payee_id)) for payee_id in _paid_by_rail(owed)]
    if owed.state == SettlementState.BATCHED and all(one.state == PayoutState.SETTLED for one in payouts):
        unit.record(owed, SettlementPaid(), refs=tuple(one.head for one in payouts))


def _conclude_batch(unit: Unit, batch: Batch) -> Batch:
    states = {unit.get(Settlement, settlement_id).state for settlement_id in batch.settlement_ids}
    if batch.state == BatchState.CLOSED and states == {SettlementState.SETTLED}:
        return unit.record(batch, BatchPaid())
    return batch
