"""Money from escrow to everyone with a share: the scenarios of the rulebook, on both databases."""

import pytest

from exchange.kernel import errors
from exchange.kernel.caller import CLOCKWORK
from exchange.settlement import lines, paying, service
from exchange.settlement.model import BatchState, HoldState
from tests.exchange.settlement.books import BANK_CO, OTHER_CO, PAYEES, STAFF, Books


def traded(books: Books, order_id: str, gross_fen: int, template: str = "T1") -> None:
    books.fund(BANK_CO, gross_fen + 1, f"in-{order_id}")
    books.hold(order_id, gross_fen)
    books.capture(order_id, gross_fen, template)
    books.accept(order_id)


def test_power_based_credit_scores_are_split_and_paid_the_next_working_day(books: Books) -> None:
    books.fund(BANK_CO, 250_000, "in-0001")
    books.hold("ord_march", 250_000)
    books.capture("ord_march", 160_850)
    assert books.balance(lines.escrow("part_bank")) == 89_150
    books.accept("ord_march")
    batch = books.close_day()
    owed = [books.balance(lines.payable(PAYEES[role])) for role in ("SUPPLIER", "MERCHANT", "EXCHANGE")]
    assert owed == [144_765, 11_260, 4_825]
    assert batch.pay_on is not None
    assert batch.pay_on.isoformat() == "2026-04-02"
    with pytest.raises(errors.Guarded, match="next working day"):
        books.pay(batch.id)

    books.clock.set(2026, 4, 2, 9)
    paid = books.pay(batch.id)

    assert paid.state == BatchState.PAID
    assert books.balance(lines.BANK) == -89_150
    assert books.balance(lines.escrow("part_bank")) == 89_150
    books.check()


def test_what_falls_due_on_a_friday_is_paid_on_monday(books: Books) -> None:
    books.clock.set(2026, 3, 6, 23)
    traded(books, "ord_a", 10)

    batch = books.close_day()

    assert batch.pay_on is not None
    assert batch.pay_on.isoformat() == "2026-03-09"


def test_individuals_share_what_their_data_earns(books: Books) -> None:
    traded(books, "ord_cv", 3_000_000, "T2")
    batch = books.close_day()
    books.clock.set(2026, 4, 2, 9)
    books.pay(batch.id)

    pool = lines.payable(lines.pool_of("ast_people"))
    assert books.balance(pool) == 600_000
    assert books.balances() | {lines.BANK: 0} == {
        lines.BANK: 0,
        lines.escrow("part_bank"): 1,
        lines.held("ord_cv"): 0,
        lines.accrued("ord_cv"): 0,
        pool: 600_000,
        **{lines.payable(payee): 0 for payee in PAYEES.values()},
    }
    books.check()


def test_public_operation_feeds_the_treasury(books: Books) -> None:
    traded(books, "ord_pub", 500_000, "T3")
    books.close_day()

    payees = ("part_a_power", "part_fiscal", "part_exchange", "part_quality")
    assert [books.balance(lines.payable(payee)) for payee in payees] == [350_000, 125_000, 15_000, 10_000]


@pytest.mark.parametrize("gross_fen", [0, 1])
def test_the_smallest_trades_come_to_an_end(books: Books, gross_fen: int) -> None:
    traded(books, "ord_tiny", gross_fen)
    batch = books.close_day()
    books.clock.set(2026, 4, 2, 9)

    assert books.pay(batch.id).state == BatchState.PAID
    assert books.bank.releases == gross_fen
    books.check()


def test_a_released_hold_goes_back_whole(books: Books) -> None:
    books.fund(BANK_CO, 500, "in-0001")
    books.hold("ord_a", 300)

    with books.by(CLOCKWORK) as unit:
        released = service.release(unit, "ord_a", "R8")

    assert (released.state, books.balance(lines.escrow("part_bank"))) == (HoldState.RELEASED, 500)
    with pytest.raises(errors.IllegalTransition):
        books.capture("ord_a", 300)
    books.check()


def test_no_more_than_the_hold_is_captured_and_only_once(books: Books) -> None:
    books.fund(BANK_CO, 500, "in-0001")
    books.hold("ord_a", 300)
    with pytest.raises(errors.Guarded):
        books.capture("ord_a", 301)
    books.capture("ord_a", 300)

    with pytest.raises(errors.IllegalTransition):
        books.capture("ord_a", 300)

    assert books.balance(lines.accrued("ord_a")) == 300
    books.check()


def test_what_accrues_is_what_was_captured(books: Books) -> None:
    books.fund(BANK_CO, 500, "in-0001")
    books.hold("ord_a", 300)
    with books.by(CLOCKWORK) as unit:
        service.capture(unit, "ord_a", 200)

    with pytest.raises(errors.Guarded) as refused, books.by(CLOCKWORK) as unit:
        service.accrue(unit, order_id="ord_a", gross_fen=300, template="T1", payees=PAYEES, refs=())

    assert refused.value.reason == "E_GROSS"


def test_a_role_with_a_share_needs_somebody_in_it(books: Books) -> None:
    with pytest.raises(errors.Guarded) as refused, books.by(CLOCKWORK) as unit:
        service.shares(unit, "T2", PAYEES)

    assert refused.value.reason == "E_PAYEE"


def test_one_who_stands_in_two_roles_gets_both_shares(books: Books) -> None:
    with books.by(CLOCKWORK) as unit:
        found, rules = service.shares(unit, "T1", {**PAYEES, "MERCHANT": PAYEES["SUPPLIER"]})

    assert (found, rules) == ({"part_a_power": 9_700, "part_exchange": 300}, ("T1",))


def test_a_dispute_keeps_a_settlement_from_being_paid(books: Books) -> None:
    traded(books, "ord_a", 100)
    with books.by(CLOCKWORK) as unit:
        service.hold_back(unit, "ord_a", "dsp_one")
    with pytest.raises(errors.Guarded, match="nothing is eligible"):
        books.close_day()

    with books.by(CLOCKWORK) as unit:
        service.let_go(unit, "ord_a", "dsp_one")

    assert books.close_day().gross_fen == 100
    books.check()


def test_acceptance_during_a_dispute_is_not_forgotten(books: Books) -> None:
    books.fund(BANK_CO, 100, "in-0001")
    books.hold("ord_a", 100)
    books.capture("ord_a", 100)
    with books.by(CLOCKWORK) as unit:
        service.hold_back(unit, "ord_a", "dsp_one")
    books.accept("ord_a")

    with books.by(CLOCKWORK) as unit:
        service.let_go(unit, "ord_a", "dsp_one")

    assert books.close_day().gross_fen == 100


def test_a_receipt_of_the_bank_is_booked_once(books: Books) -> None:
    books.fund(BANK_CO, 100, "in-0001")
    books.fund(BANK_CO, 100, "in-0001")

    for caller, amount_fen in ((OTHER_CO, 100), (BANK_CO, 101)):
        with pytest.raises(errors.Guarded):
            books.fund(caller, amount_fen, "in-0001")

    assert books.balances() == {lines.BANK: -100, lines.escrow("part_bank"): 100}


def test_days_are_closed_by_those_whose_duty_it_is(books: Books) -> None:
    traded(books, "ord_a", 100)

    with pytest.raises(errors.Forbidden), books.by(BANK_CO) as unit:
        paying.close_day(unit)

    with books.by(STAFF) as unit:
        assert paying.close_day(unit).state == BatchState.CLOSED
