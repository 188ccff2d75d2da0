"""A buyer who asks for everything at once, hoping that two orders are paid with one fen. On both databases."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from exchange.kernel.errors import ExchangeError, InsufficientFunds
from exchange.ledger.store import Store
from exchange.settlement import lines, service
from exchange.settlement.model import HoldPlaced
from tests.exchange.settlement.books import BANK_CO, OTHER_CO, Books

THREADS = 8
ESCROW = lines.escrow("part_bank")


def tried(books: Books, order_id: str, amount_fen: int) -> bool:
    try:
        books.hold(order_id, amount_fen)
    except ExchangeError:
        return False
    return True


def test_many_orders_at_once_never_spend_more_than_there_is(store: Store) -> None:
    books = Books(store)
    books.fund(BANK_CO, 1_000, "in-0001")

    with ThreadPoolExecutor(THREADS) as threads:
        won = list(threads.map(lambda n: tried(books, f"ord_{n}", 300), range(40)))

    assert sum(won) == 3
    assert books.balance(ESCROW) == 100
    books.check()


def test_one_order_asked_for_many_times_at_once_is_held_once(store: Store) -> None:
    books = Books(store)
    books.fund(BANK_CO, 1_000, "in-0001")

    with ThreadPoolExecutor(THREADS) as threads:
        won = list(threads.map(lambda _: tried(books, "ord_same", 100), range(24)))

    assert sum(won) == 1
    assert books.balance(ESCROW) == 900
    books.check()


def test_capture_and_release_of_one_hold_cannot_both_win(store: Store) -> None:
    books = Books(store)
    books.fund(BANK_CO, 100, "in-0001")
    books.hold("ord_a", 100)

    def capture_or_release(n: int) -> bool:
        try:
            if n % 2:
                books.capture("ord_a", 100)
            else:
                with books.by(BANK_CO) as unit:
                    service.release(unit, "ord_a", "R1")
        except ExchangeError:
            return False
        return True

    with ThreadPoolExecutor(THREADS) as threads:
        won = list(threads.map(capture_or_release, range(16)))

    assert sum(won) == 1
    assert sorted((books.balance(ESCROW), books.balance(lines.accrued("ord_a")))) == [0, 100]
    books.check()


def test_a_receipt_claimed_by_many_at_once_is_booked_once(store: Store) -> None:
    books = Books(store)

    def claim(n: int) -> bool:
        try:
            books.fund(BANK_CO if n % 2 else OTHER_CO, 100, "in-0001")
        except ExchangeError:
            return False
        return True

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(claim, range(16)))

    assert books.balance(lines.BANK) == -100
    books.check()


def test_impatient_staff_pay_everybody_once(store: Store) -> None:
    books = Books(store)
    books.fund(BANK_CO, 1_000, "in-0001")
    batches = [batched(books, f"ord_{n}") for n in range(3)]
    books.clock.set(2026, 4, 2, 9)

    def pay(n: int) -> None:
        # Some are too late and are told so; what counts is what was paid.
        with suppress(ExchangeError):
            books.pay(batches[n % len(batches)])

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(pay, range(24)))

    assert (books.bank.releases, books.balance(lines.BANK)) == (9, -700)
    books.check()


def batched(books: Books, order_id: str) -> str:
    books.hold(order_id, 100)
    books.capture(order_id, 100)
    books.accept(order_id)
    return books.close_day().id


def test_a_refused_hold_leaves_its_unit_clean_even_in_a_race(store: Store) -> None:
    books = Books(store)
    books.fund(BANK_CO, 1_000, "in-0001")

    def hold(n: int) -> None:
        with books.by(BANK_CO) as unit, suppress(InsufficientFunds):
            service.hold(unit, order_id=f"ord_{n}", payer_id="part_bank", amount_fen=300, refs=())

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(hold, range(40)))

    assert books.balance(ESCROW) == 100
    books.check()


def test_a_fact_that_overdraws_is_refused_whoever_records_it(store: Store) -> None:
    books = Books(store)
    books.fund(BANK_CO, 100, "in-0001")
    posting = lines.moved(ESCROW, {lines.held("ord_a"): 101})

    fact = HoldPlaced(order_id="ord_a", payer_id="part_bank", amount_fen=101, lines=posting)

    with pytest.raises(InsufficientFunds), books.by(BANK_CO) as unit:
        unit.record(service.hold_of(unit, "ord_a"), fact)

    assert books.balances() == {lines.BANK: -100, ESCROW: 100}


def test_an_overdraft_is_refused_before_anything_is_recorded(store: Store) -> None:
    books = Books(store)
    books.fund(BANK_CO, 100, "in-0001")

    with books.by(BANK_CO) as unit:
        with pytest.raises(InsufficientFunds):
            service.hold(unit, order_id="ord_a", payer_id="part_bank", amount_fen=101, refs=())
        # The unit lives on: what refused the order can still be recorded in it.
        service.hold(unit, order_id="ord_b", payer_id="part_bank", amount_fen=100, refs=())

    assert books.balances() == {lines.BANK: -100, ESCROW: 0, lines.held("ord_b"): 100}
