"""Closing days, ordering what is to be paid, and putting right by hand what a rail would not pay. Tells no rail.

An order to pay is a fact in the unit of the business that owes it; `teller` carries it to a rail afterwards.
"""

from exchange.kernel import errors, ids, money
from exchange.kernel.caller import Role
from exchange.kernel.unit import Unit
from exchange.ledger import standing
from exchange.settlement import lines, payout_views, proceeds, views
from exchange.settlement.accounts import account_of, payable_to
from exchange.settlement.lines import moved
from exchange.settlement.model import (
    Batch,
    BatchClosed,
    BatchPaid,
    BatchState,
    BatchSubmitted,
    Settlement,
    SettlementBatched,
    SettlementPaid,
    SettlementState,
)
from exchange.settlement.payout import Payout, PayoutFixApproved, PayoutOrdered, PayoutState, PayoutSubmitted

BATCH_MAX = 500


def close_day(unit: Unit) -> Batch:
    """Put everything that is eligible in one batch and split it. What falls due later waits for the next one."""
    unit.caller.require(Role.SETTLEMENT)
    queued(unit)
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


def pay(unit: Unit, batch_id: str) -> Batch:
    """Order every payout of a batch from the working day after it fell due. Safe to repeat: it is ordered once."""
    unit.caller.require(Role.SETTLEMENT)
    batch = unit.get(Batch, batch_id)
    if not _is_due(unit, batch):
        raise errors.Guarded("this batch is paid from the next working day", code="E_NOT_YET")
    return submit(unit, batch_id)


def submit(unit: Unit, batch_id: str) -> Batch:
    """For the timer too: the day has come."""
    queued(unit)
    batch = unit.get(Batch, batch_id)
    if batch.state != BatchState.CLOSED or not _is_due(unit, batch):
        return batch
    _witnessed(unit, batch)
    batch = unit.record(batch, BatchSubmitted(by=unit.caller.person_id))
    for settlement_id in batch.settlement_ids:
        owed = unit.get(Settlement, settlement_id)
        for payee_id in _paid_by_rail(owed):
            ordered = PayoutOrdered(
                settlement_id=owed.id,
                order_id=owed.order_id,
                batch_id=batch.id,
                payee_id=payee_id,
                amount_fen=owed.payout_fen(payee_id),
            )
            unit.record(unit.load(Payout, owed.payout_id(payee_id)), ordered, refs=(owed.head, batch.head))
        for pool in filter(lines.is_pool, owed.parts_fen):
            proceeds.share(unit, owed, pool.removeprefix(lines.POOL_PREFIX))
        _conclude(unit, owed)
    return _conclude_batch(unit, batch.id)


def due_batches(unit: Unit) -> list[str]:
    """Closed batches whose day has come."""
    return views.batches_due(unit.connection, unit.calendar.today(unit.now))


def conclude(unit: Unit, payout: Payout) -> None:
    """A payout was settled: so may be its settlement, and so may be the batch of that."""
    if payout.settlement_id:
        _conclude(unit, unit.get(Settlement, payout.settlement_id))
        _conclude_batch(unit, payout.batch_id)


def fix_payout(unit: Unit, payout_id: str, account_digest: str) -> Payout:
    """Send a failed payout again: once two different persons have verified the same account of the payee."""
    unit.caller.require(Role.SETTLEMENT)
    payout = unit.get(Payout, payout_id)
    person = unit.caller.person_id
    demand_witnesses(unit)
    if payout.state != PayoutState.FAILED_MANUAL:
        raise errors.IllegalTransition("only a failed payout is sent again by hand")
    named, to = account_of(unit, payout.payee_id), payable_to(unit, payout.payee_id)
    if to is None or named.state == "BOUND" or named.account_digest not in ("", account_digest):
        raise errors.Guarded("the payee has named another account, or it is not verified", code="E_ACCOUNT")
    if payout.approved_by == person:
        raise errors.Guarded("a second person must verify it", code="E_SECOND_PERSON")
    if not payout.approved_by or payout.account_digest != account_digest:
        # Whoever comes second may be the one who is right: another account starts the count of two again.
        return unit.record(payout, PayoutFixApproved(by=person, account_digest=account_digest))
    sent = PayoutSubmitted(
        part=payout.part,
        part_fen=payout.part_fen,
        wallet=to.wallet,
        reference=to.reference,
        attempt=payout.attempt + 1,
        approvers=(payout.approved_by, person),
        rule_ids=(),
    )
    return unit.record(payout, sent)


def queued(unit: Unit) -> None:
    """Units that move many payables at once would otherwise wait for each other in a ring."""
    views.locked_balance_fen(unit.connection, lines.BANK)


def is_unwitnessed(unit: Unit) -> bool:
    """Where a quorum is configured, no money leaves while it has been away for too long."""
    return unit.ground.needs_quorum and standing.is_stopped(unit.connection, unit.now)


def demand_witnesses(unit: Unit) -> None:
    if is_unwitnessed(unit):
        raise errors.LogStopped("witnesses have not cosigned what is recorded; nothing is paid", code=standing.CODE)


def _witnessed(unit: Unit, batch: Batch) -> None:
    """And none for an order whose receipt the quorum has not seen."""
    demand_witnesses(unit)
    if not unit.ground.needs_quorum:
        return
    for settlement_id in batch.settlement_ids:
        owed = unit.get(Settlement, settlement_id)
        if not standing.covers(unit.connection, owed.id, owed.order_id):
            raise errors.LogStopped("witnesses have not cosigned a receipt of this batch yet", code=standing.CODE)


def _is_due(unit: Unit, batch: Batch) -> bool:
    return batch.pay_on is not None and unit.calendar.today(unit.now) >= batch.pay_on


def _split(unit: Unit, owed: Settlement, batch: Batch) -> None:
    parts_fen = {payee: fen for payee, fen in money.split(owed.to_split_fen, owed.shares_bp).items() if fen}
    # What a payee owes after a dispute is kept from what it gets next (rulebook 4.8).
    owes = {payee: -views.balance_fen(unit.connection, lines.receivable(payee)) for payee in parts_fen}
    netted = {payee: min(fen, owes[payee]) for payee, fen in parts_fen.items() if owes[payee] > 0}
    parts = {lines.payable(payee): fen - netted.get(payee, 0) for payee, fen in parts_fen.items()}
    posting = moved(lines.accrued(owed.order_id), {**parts, **{lines.receivable(one): netted[one] for one in netted}})
    fact = SettlementBatched(batch_id=batch.id, parts_fen=parts_fen, netted_fen=netted, lines=posting)
    unit.record(owed, fact, refs=(batch.head,))


def _paid_by_rail(owed: Settlement) -> list[str]:
    return lines.on_rails(payee for payee in sorted(owed.parts_fen) if owed.payout_fen(payee))


def _conclude(unit: Unit, owed: Settlement) -> None:
    payouts = [unit.load(Payout, owed.payout_id(payee_id)) for payee_id in _paid_by_rail(owed)]
    if owed.state == SettlementState.BATCHED and all(one.state == PayoutState.SETTLED for one in payouts):
        unit.record(owed, SettlementPaid(), refs=tuple(one.head for one in payouts))


def _conclude_batch(unit: Unit, batch_id: str) -> Batch:
    batch = unit.get(Batch, batch_id)
    if batch.state == BatchState.SUBMITTED and not payout_views.unsettled(unit.connection, batch.id):
        return unit.record(batch, BatchPaid())
    return batch
