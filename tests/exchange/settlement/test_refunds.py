"""What a dispute gives back, at whatever point of the money's way it ends: exact, and nobody is paid it twice."""

import pytest

from exchange.kernel import errors
from exchange.kernel.caller import CLOCKWORK
from exchange.settlement import lines, refunds
from tests.exchange.settlement.books import BANK_CO, PAYEES, Books

POOL = lines.pool_of("ast_people")


def accepted(books: Books, order_id: str, gross_fen: int, template: str = "T1") -> None:
    books.fund(BANK_CO, gross_fen, f"in-{order_id}")
    books.hold(order_id, gross_fen)
    books.capture(order_id, gross_fen, template)
    books.accept(order_id)


def concluded(books: Books, order_id: str, refund_fen: int) -> dict[str, int]:
    with books.by(CLOCKWORK) as unit:
        refunds.hold_disputed(unit, order_id, f"dsp_{order_id}")
        return dict(refunds.conclude_disputed(unit, order_id, f"dsp_{order_id}", refund_fen, "R6"))


def paid(books: Books) -> str:
    batch_id = books.close_day().id
    books.clock.forward(3 * 86_400)
    return books.pay(batch_id).state


def test_what_is_batched_but_not_paid_yet_is_paid_and_then_owed(books: Books) -> None:
    accepted(books, "ord_a", 600_001)
    batch_id = books.close_day().id

    clawed = concluded(books, "ord_a", 180_000)
    books.clock.forward(86_400)

    assert books.pay(batch_id).state == "PAID"
    assert clawed == dict(zip(PAYEES.values(), (162_000, 12_600, 5_400), strict=True))
    assert books.balance(lines.escrow("part_bank")) == 180_000
    assert books.balance(lines.receivable(PAYEES["SUPPLIER"])) == -162_000
    books.check()


def test_what_is_owed_is_kept_from_the_next_payouts_until_it_is_paid(books: Books) -> None:
    accepted(books, "ord_a", 600_001)
    assert paid(books) == "PAID"
    concluded(books, "ord_a", 180_000)

    # Of 100,000 the supplier's part is 90,000: all of it is kept, and 72,000 are owed still.
    accepted(books, "ord_b", 100_000)
    assert paid(books) == "PAID"
    owed = [books.balance(lines.receivable(payee)) for payee in PAYEES.values()]
    assert owed == [-72_000, -5_600, -2_400]
    accepted(books, "ord_c", 100_000)
    assert paid(books) == "PAID"

    assert [books.balance(lines.receivable(payee)) for payee in PAYEES.values()] == [0, 0, 0]
    # Everything that came in, less what the buyer has back, is outside now.
    assert books.balance(lines.BANK) == -180_000
    books.check()


def test_a_pool_gives_what_is_left_in_it_and_individuals_never_owe(books: Books) -> None:
    accepted(books, "ord_cv", 3_000_000, "T2")
    assert paid(books) == "PAID"
    before = books.balance(lines.payable(POOL))

    clawed = concluded(books, "ord_cv", 3_000_000)

    assert (before, clawed[POOL]) == (600_000, 600_000)
    assert books.balance(lines.payable(POOL)) == 0
    assert books.balance(lines.receivable(POOL)) == 0
    books.check()


def test_nothing_is_given_back_twice(books: Books) -> None:
    accepted(books, "ord_a", 1_000)
    assert paid(books) == "PAID"
    concluded(books, "ord_a", 400)

    with pytest.raises(errors.Guarded, match="once"):
        concluded(books, "ord_a", 400)

    assert books.balance(lines.escrow("part_bank")) == 400
    books.check()


def test_more_than_the_price_is_not_given_back(books: Books) -> None:
    accepted(books, "ord_a", 1_000)

    with pytest.raises(errors.Guarded):
        concluded(books, "ord_a", 1_001)

    books.check()
