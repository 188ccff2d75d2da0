"""Payment rails: how money comes in and goes out. A rail promises that one idempotency key moves money at most once.

A rail that does not answer has said UNKNOWN, never no: whoever sends asks the rail first.
"""

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock
from typing import Protocol


class RailStatus(StrEnum):
    """What a rail says of a key. NACK may be tried again, REJECTED may not."""

    PAID = "PAID"
    NOT_FOUND = "NOT_FOUND"
    NACK = "NACK"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class RailAnswer:
    status: RailStatus
    amount_fen: int = 0
    rail_reference: str = ""


class Rail(Protocol):
    """What every rail can do (rulebook 4.7)."""

    def reserve(self, *, key: str, payer_id: str, amount_fen: int, reference: str) -> RailAnswer:
        """Confirm that the payer's money has come in under this reference."""

    def release(self, *, key: str, payee_id: str, amount_fen: int) -> RailAnswer:
        """Pay out."""

    def refund(self, *, key: str, payee_id: str, amount_fen: int) -> RailAnswer:
        """Take back what was paid out."""

    def query(self, key: str) -> RailAnswer:
        """What became of a key."""


class Fault(StrEnum):
    """What a rehearsal can make the simulator do to one payout instead of paying it and saying so."""

    LOST_BEFORE_PAYING = "LOST_BEFORE_PAYING"
    LOST_AFTER_PAYING = "LOST_AFTER_PAYING"
    NACK = "NACK"
    REJECTED = "REJECTED"
    WRONG_AMOUNT = "WRONG_AMOUNT"


class SimulatedBank:
    """A SIMULATOR of a bank: no money moves. It believes every incoming reference and forgets all at its end."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults = deque(faults)
        self._done: dict[str, RailAnswer] = {}
        self._lock = Lock()
        self.releases = 0
        """How often it was told to pay, whatever it answered."""

    def reserve(self, *, key: str, payer_id: str, amount_fen: int, reference: str) -> RailAnswer:
        with self._lock:
            return self._once(key, amount_fen)

    def release(self, *, key: str, payee_id: str, amount_fen: int) -> RailAnswer:
        with self._lock:
            self.releases += 1
            fault = self._faults.popleft() if self._faults and key not in self._done else None
            match fault:
                case Fault.NACK | Fault.REJECTED:
                    return RailAnswer(RailStatus(fault.value))
                case Fault.LOST_BEFORE_PAYING:
                    return RailAnswer(RailStatus.UNKNOWN)
                case Fault.LOST_AFTER_PAYING:
                    self._once(key, amount_fen)
                    return RailAnswer(RailStatus.UNKNOWN)
                case Fault.WRONG_AMOUNT:
                    return self._once(key, amount_fen - 1)
                case None:
                    return self._once(key, amount_fen)

    def refund(self, *, key: str, payee_id: str, amount_fen: int) -> RailAnswer:
        with self._lock:
            return self._once(key, amount_fen)

    def query(self, key: str) -> RailAnswer:
        with self._lock:
            return self._done.get(key, RailAnswer(RailStatus.NOT_FOUND))

    def _once(self, key: str, amount_fen: int) -> RailAnswer:
        reference = "sim_" + hashlib.sha256(key.encode()).hexdigest()[:24]
        return self._done.setdefault(key, RailAnswer(RailStatus.PAID, amount_fen, reference))
