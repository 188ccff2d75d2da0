"""What is told to a rail next, and what its answer means for a payout. By the payouts table; tells no rail itself.

Each verb runs in a unit of its own and names the version it was decided on: whoever comes second changes nothing.
"""

from dataclasses import dataclass

from exchange.access.model import Participant
from exchange.kernel.clock import SECOND
from exchange.kernel.unit import Unit
from exchange.settlement import lines, paying
from exchange.settlement.lines import moved
from exchange.settlement.payout import (
    Payout,
    PayoutBankOffered,
    PayoutDeferred,
    PayoutFailed,
    PayoutPartPaid,
    PayoutRetrying,
    PayoutSettled,
    PayoutState,
    PayoutSubmitted,
)
from exchange.settlement.rails import Account, Holding, Rail, RailAnswer, Rails, RailStatus, rail_of
from policies.engine import Decision, decide
from policies.wallets import caps

ATTEMPTS_MAX = 3
WAITS_S = (60, 300, 1_800)
DEFERRED = "DEFERRED_WALLET_CAP"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One part of one payout, as it stands: what a teller needs to tell a rail."""

    payout: Payout
    rails: Rails
    to: Account
    limited: bool

    @property
    def key(self) -> str:
        return self.payout.key

    @property
    def rail(self) -> Rail:
        return self.rails.of(self.to.wallet)


def due(unit: Unit, rails: Rails, payout: Payout, to: Account) -> Instruction:
    """What is on its way goes where it was sent; what is sent next, to the account of now."""
    if payout.state in (PayoutState.SUBMITTED, PayoutState.RETRYING):
        to = Account(payout.payee_id, payout.wallet, payout.reference, to.name)
    return Instruction(payout, rails, to, caps(unit.policies, to.wallet.value) is not None)


def submit(unit: Unit, asked: Payout, to: Account, holding: Holding | None) -> Payout:
    """The next part, as much as the wallet takes now; or a note that it takes nothing today."""
    payout = unit.get(Payout, asked.id)
    if payout.version != asked.version:
        return payout
    room_fen, payment_fen = _room(unit, payout, to, holding)
    facts = {
        "wallet_room": room_fen > 0,
        "above_payment_max": payout.left_fen > payment_fen,
        "deferred_days": min(payout.deferred_days, 366),
    }
    decision = _decided(unit, payout, **facts)
    match decision.outcome["payout_step"]:
        case "HOLD":
            return payout
        case "DEFER" | "OFFER_BANK" as step:
            kind = PayoutDeferred if step == "DEFER" else PayoutBankOffered
            tomorrow = unit.calendar.end_of(unit.calendar.today(unit.now))
            return unit.record(payout, kind(code=DEFERRED, left_fen=payout.left_fen, retry_at=tomorrow))
    fact = PayoutSubmitted(
        part=payout.part + 1,
        part_fen=min(payout.left_fen, room_fen, payment_fen),
        wallet=to.wallet,
        reference=to.reference,
        attempt=1,
        approvers=(),
        rule_ids=decision.rule_ids,
    )
    return unit.record(payout, fact)


def heard(unit: Unit, asked: Payout, answer: RailAnswer) -> Payout:
    """What the rail said of the part it was told to pay, or of its key."""
    payout = unit.get(Payout, asked.id)
    if payout.version != asked.version or answer.status is RailStatus.PENDING:
        return payout
    if answer.status is RailStatus.PAID:
        return _settle(unit, payout, answer)
    if answer.status is RailStatus.UNKNOWN and payout.state == PayoutState.RETRYING:
        # Not even what became of the key is told: nothing is sent, however long that lasts.
        return _retry(unit, payout, RailStatus.UNKNOWN, WAITS_S[-1])
    if payout.state == PayoutState.RETRYING and answer.status is RailStatus.NOT_FOUND:
        return _again(unit, payout)
    final = answer.status is RailStatus.REJECTED
    if final or (answer.status is RailStatus.NACK and payout.attempt >= ATTEMPTS_MAX):
        return unit.record(payout, PayoutFailed(attempt=payout.attempt, code=answer.status.value))
    return _retry(unit, payout, answer.status, WAITS_S[min(payout.attempt, len(WAITS_S)) - 1])


def _again(unit: Unit, payout: Payout) -> Payout:
    """The rail knows nothing of the key, so the same part is sent once more; after three attempts people look at it."""
    decision = _decided(unit, payout)
    if decision.outcome["payout_step"] == "MANUAL":
        return unit.record(payout, PayoutFailed(attempt=payout.attempt, code=payout.code))
    if decision.outcome["payout_step"] == "HOLD":
        return payout
    fact = PayoutSubmitted(
        part=payout.part,
        part_fen=payout.part_fen,
        wallet=payout.wallet,
        reference=payout.reference,
        attempt=payout.attempt + 1,
        approvers=(),
        rule_ids=decision.rule_ids,
    )
    return unit.record(payout, fact)


def _decided(unit: Unit, payout: Payout, **facts: bool | int) -> Decision:
    asked = {"wallet_room": True, "above_payment_max": False, "deferred_days": 0, **facts}
    blocked = _is_blocked(unit, payout)
    attempts = {"attempts_failed": min(payout.attempt, 100), "fix_approvers": 0}
    return decide(unit.policies, "payouts", {"payout_blocked": blocked, "payout_unknown": False, **attempts, **asked})


def _is_blocked(unit: Unit, payout: Payout) -> bool:
    """Whoever was put out of the market is not paid before its disputes are over (rulebook 3.1)."""
    if not payout.payee_id.startswith("part_"):
        return False
    return unit.load(Participant, payout.payee_id).state == "REVOKED"


def _room(unit: Unit, payout: Payout, to: Account, holding: Holding | None) -> tuple[int, int]:
    """What the wallet takes today, and in one payment."""
    limits = caps(unit.policies, to.wallet.value)
    if limits is None or holding is None:
        return payout.left_fen, payout.left_fen
    room_fen = min(limits.day_max_fen - holding.today_fen, limits.balance_max_fen - holding.balance_fen)
    return room_fen, limits.payment_max_fen


def _settle(unit: Unit, payout: Payout, answer: RailAnswer) -> Payout:
    if answer.amount_fen != payout.part_fen:
        return unit.record(payout, PayoutFailed(attempt=payout.attempt, code="AMOUNT"))
    paying.queued(unit)
    rail = lines.rail(rail_of(payout.wallet))
    posting = moved(lines.payable(payout.payee_id), {rail: payout.part_fen})
    kind = PayoutSettled if payout.part_fen == payout.left_fen else PayoutPartPaid
    fact = kind(part_fen=payout.part_fen, rail_reference=answer.rail_reference, lines=posting)
    payout = unit.record(payout, fact)
    if payout.state == PayoutState.SETTLED:
        paying.conclude(unit, payout)
    return payout


def _retry(unit: Unit, payout: Payout, status: RailStatus, wait_s: int) -> Payout:
    retry_at = unit.now + wait_s * SECOND
    return unit.record(payout, PayoutRetrying(attempt=payout.attempt, code=status.value, retry_at=retry_at))
