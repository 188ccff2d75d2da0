"""The teller: carries what was ordered to be paid to the rails, and their answers back. The only caller of a release.

No unit is open while a rail is spoken to. It may be killed between any two words: what is SUBMITTED is asked for by its
key before it is sent, so a crash between a bank's yes and our commit ends in one payment.
"""

from threading import Event as Signal

import structlog

from exchange.kernel.caller import Caller
from exchange.kernel.errors import ExchangeError
from exchange.kernel.unit import Ground
from exchange.settlement import accounts, instructions, paying, payout_views
from exchange.settlement.instructions import Instruction
from exchange.settlement.payout import Payout, PayoutState
from exchange.settlement.rails import RailAnswer, Rails, RailStatus

TELLER = Caller("sys_teller", "sys_teller")
STEPS_MAX = 64
"""Of one payout in one round: a wallet that takes little at a time is filled in many parts."""
_TO_SUBMIT = (PayoutState.ORDERED, PayoutState.DEFERRED)
log = structlog.get_logger()


class Teller:
    def __init__(self, ground: Ground, rails: Rails) -> None:
        self._ground = ground
        self._rails = rails

    def run(self, stop: Signal, pause_s: float) -> None:
        while not stop.wait(pause_s):
            try:
                self.run_once()
            except Exception as error:
                log.warning("teller.failed", error=type(error).__name__)

    def run_once(self) -> None:
        """Everything that is due now, once; and what the rails bring and take between two rounds."""
        self._carry()
        after = ""
        while due := self._due(after):
            for payout_id in due:
                self._deal_with(payout_id)
            after = due[-1]
        self._carry()

    def _carry(self) -> None:
        """What one rail meets, a file that cannot be opened for one, keeps nobody from being paid."""
        for rail in (self._rails.bank, self._rails.ecny):
            try:
                rail.carry()
            except Exception as error:
                log.warning("teller.carry_failed", error=type(error).__name__)

    def _due(self, after: str) -> list[str]:
        with self._ground.reading(TELLER) as unit:
            return payout_views.payouts_due(unit.connection, unit.now, after)

    def _deal_with(self, payout_id: str) -> None:
        """Step by step until there is nothing to do but wait. Whatever one payout meets, the others are not kept."""
        try:
            version = -1
            for _ in range(STEPS_MAX):
                found = self._instruction(payout_id)
                if found is None or found.payout.version == version:
                    return
                version = found.payout.version
                self._step(found)
        except ExchangeError as error:
            log.warning("teller.step_failed", code=error.reason, subject=payout_id)

    def _instruction(self, payout_id: str) -> Instruction | None:
        with self._ground.reading(TELLER) as unit:
            payout = unit.get(Payout, payout_id)
            to = accounts.payable_to(unit, payout.payee_id)
            if to is None or not 0 < payout.due_at <= unit.now:
                return None
            if payout.state is not PayoutState.RETRYING and paying.is_unwitnessed(unit):
                return None  # Nothing is sent, whatever was ordered before; what is under way is asked after.
            return instructions.due(unit, self._rails, payout, to)

    def _step(self, found: Instruction) -> None:
        if found.payout.state in _TO_SUBMIT:
            holding = found.rail.holding(found.to) if found.limited else None
            with self._ground.writing(TELLER) as unit:
                instructions.submit(unit, found.payout, found.to, holding)
            return
        answer = self._answer(found)
        if answer.status is not RailStatus.PENDING:
            with self._ground.writing(TELLER) as unit:
                instructions.heard(unit, found.payout, answer)

    def _answer(self, found: Instruction) -> RailAnswer:
        """Asked first, and told only what it does not know. After a wait it is only asked."""
        known = found.rail.query(found.key)
        if known.status is RailStatus.NOT_FOUND and found.payout.attempt > 1:
            # Sent again by hand it may take the other rail: what the first one did with the key counts all the same.
            other = self._rails.bank if found.rail is self._rails.ecny else self._rails.ecny
            known = other.query(found.key)
        if known.status is not RailStatus.NOT_FOUND or found.payout.state == PayoutState.RETRYING:
            return known
        return found.rail.release(key=found.key, to=found.to, amount_fen=found.payout.part_fen)
