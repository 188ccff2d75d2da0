"""Payouts over a bank that loses, refuses and forgets: everybody is paid exactly once (scenario S20)."""

from dataclasses import dataclass, replace

import pytest

from exchange.kernel import errors
from exchange.kernel.caller import Caller
from exchange.ledger.store import Store
from exchange.settings import Settings
from exchange.settlement import lines, paying
from exchange.settlement.model import BatchState
from exchange.settlement.payout import Payout, PayoutState
from exchange.settlement.rails import Account, RailAnswer
from exchange.settlement.simulated import Fault, Simulator
from exchange.settlement.teller import Teller
from tests.exchange.settlement.books import BANK_CO, SECOND, STAFF, Books

ACCOUNT, OTHER_ACCOUNT = "a" * 64, "b" * 64


def batched(store: Store, *faults: Fault) -> tuple[Books, str]:
    """One payment of 144,765 to PowerCo is due; the bank behaves as told."""
    books = Books(store, faults)
    books.fund(BANK_CO, 144_765, "in-0001")
    books.hold("ord_a", 144_765)
    books.capture("ord_a", 144_765, "T4")
    books.accept("ord_a")
    batch = books.close_day()
    books.clock.set(2026, 4, 2, 9)
    return books, batch.id


def payout(books: Books) -> Payout:
    with books.ground.reading(STAFF) as unit:
        return unit.get(Payout, books.payout_id("ord_a", "part_a_power"))


def fix(books: Books, caller: Caller, account: str = ACCOUNT) -> Payout:
    with books.by(caller) as unit:
        paying.fix_payout(unit, books.payout_id("ord_a", "part_a_power"), account)
    books.teller.run_once()
    return payout(books)


@dataclass
class Deadly:
    """A bank that pays, and whose yes nobody lives to hear."""

    bank: Simulator

    def release(self, *, key: str, to: Account, amount_fen: int) -> RailAnswer:
        self.bank.release(key=key, to=to, amount_fen=amount_fen)
        raise KeyboardInterrupt

    def __getattr__(self, name: str) -> object:
        return getattr(self.bank, name)


def pay_and_die(books: Books, batch_id: str) -> None:
    """The process ends between the bank's yes and the commit."""
    with books.by(STAFF) as unit:
        paying.pay(unit, batch_id)
    Teller(books.ground, replace(books.rails, bank=Deadly(books.bank))).run_once()


def test_silence_of_the_bank_is_not_a_no(lite_store: Store) -> None:
    books, batch_id = batched(lite_store, Fault.LOST_BEFORE_PAYING, Fault.LOST_AFTER_PAYING)
    states = []
    for wait_s in (0, 60, 300):
        books.clock.forward(wait_s)
        batch = books.pay(batch_id)
        states.append(payout(books).state)

    assert states == [PayoutState.RETRYING, PayoutState.RETRYING, PayoutState.SETTLED]
    assert (batch.state, books.bank.releases) == (BatchState.PAID, 2)
    assert books.balance(lines.payable("part_a_power")) == 0
    books.check()


def test_nothing_is_sent_again_before_its_time(lite_store: Store) -> None:
    books, batch_id = batched(lite_store, Fault.NACK)
    books.pay(batch_id)
    books.clock.forward(59)

    books.pay(batch_id)

    assert (payout(books).attempt, books.bank.releases) == (1, 1)


def test_three_refusals_need_two_people(lite_store: Store) -> None:
    books, batch_id = batched(lite_store, Fault.NACK, Fault.NACK, Fault.NACK)
    for wait_s in (0, 60, 300):
        books.clock.forward(wait_s)
        books.pay(batch_id)
    assert payout(books).state == PayoutState.FAILED_MANUAL
    assert books.balance(lines.payable("part_a_power")) == 144_765

    assert fix(books, STAFF).state == PayoutState.FAILED_MANUAL
    with pytest.raises(errors.Guarded, match="second person"):
        fix(books, STAFF)
    sent = fix(books, SECOND)

    assert (sent.state, books.bank.releases) == (PayoutState.SETTLED, 4)
    assert books.balance(lines.payable("part_a_power")) == 0
    books.check()


def test_two_people_who_verified_different_accounts_are_one_short(lite_store: Store) -> None:
    books, batch_id = batched(lite_store, Fault.REJECTED)
    books.pay(batch_id)
    fix(books, STAFF, ACCOUNT)

    assert fix(books, SECOND, OTHER_ACCOUNT).state == PayoutState.FAILED_MANUAL
    assert fix(books, STAFF, OTHER_ACCOUNT).state == PayoutState.SETTLED


def test_a_payment_is_not_sent_by_hand_unless_it_failed(lite_store: Store) -> None:
    books, batch_id = batched(lite_store)
    books.pay(batch_id)

    with pytest.raises(errors.IllegalTransition):
        fix(books, STAFF)


def test_what_was_paid_is_not_paid_again(lite_store: Store) -> None:
    books, batch_id = batched(lite_store)
    books.pay(batch_id)

    books.pay(batch_id)

    assert books.bank.releases == 1
    books.check()


def test_a_crash_after_the_bank_paid_ends_in_one_payment(lite_store: Store) -> None:
    books, batch_id = batched(lite_store)
    with pytest.raises(KeyboardInterrupt):
        pay_and_die(books, batch_id)
    assert books.balance(lines.payable("part_a_power")) == 144_765

    books.pay(batch_id)

    assert (payout(books).state, books.bank.releases) == (PayoutState.SETTLED, 1)
    books.check()


def test_another_amount_than_was_owed_is_for_people_to_look_at(lite_store: Store) -> None:
    books, batch_id = batched(lite_store, Fault.WRONG_AMOUNT)
    books.pay(batch_id)

    assert (payout(books).state, payout(books).code) == (PayoutState.FAILED_MANUAL, "AMOUNT")
    fix(books, STAFF)
    again = fix(books, SECOND)

    assert (again.state, again.code, books.bank.releases) == (PayoutState.FAILED_MANUAL, "AMOUNT", 1)


def test_after_a_lost_third_attempt_the_bank_is_asked_once_more(lite_store: Store) -> None:
    books, batch_id = batched(lite_store, *[Fault.LOST_BEFORE_PAYING] * 3)
    for wait_s in (0, 60, 300, 1_800):
        books.clock.forward(wait_s)
        books.pay(batch_id)

    assert (payout(books).state, books.bank.releases) == (PayoutState.FAILED_MANUAL, 3)


def test_a_bank_mistyped_is_not_taken_for_the_simulator() -> None:
    with pytest.raises(ValueError, match="bank_rail"):
        Settings.read({"DX_BANK_RAIL": "file"})
