"""Timers that belong to no trade; and that all that time did can be told again from the facts alone."""

from exchange.access import service as access
from exchange.access.model import Participant
from exchange.kernel.caller import CLOCKWORK
from exchange.kernel.unit import history
from exchange.kernel.views import dump, rebuild
from exchange.ledger.store import Store
from exchange.orders.clockwork import Clockwork
from exchange.settlement import lines
from exchange.settlement.payout import Payout
from exchange.settlement.simulated import Fault
from tests.exchange.orders.trading import Trading
from tests.exchange.rehearsal import FIRST, Market
from tests.exchange.settlement.books import BANK_CO, Books


def test_an_application_is_rejected_when_its_supplement_does_not_come(market: Market) -> None:
    applicant, clockwork = market.applied("BUYER").id, Clockwork(market.ground, None)
    with market.ground.writing(FIRST) as unit:
        access.take(unit, applicant)
    with market.ground.writing(FIRST) as unit:
        due_at = access.ask_supplement(unit, applicant, ("legal_form",)).supplement_due_at

    states = []
    for market.now in (due_at - 1, due_at, due_at + 1):
        clockwork.run_once()
        with market.ground.reading(CLOCKWORK) as unit:
            states.append(unit.get(Participant, applicant).state)

    assert states == ["SUPPLEMENT_REQUIRED", "REJECTED", "REJECTED"]


def test_a_batch_is_ordered_when_its_day_comes_and_a_lost_answer_is_paid_once(store: Store) -> None:
    books = Books(store, [Fault.LOST_AFTER_PAYING])
    books.fund(BANK_CO, 1_000, "in-0001")
    books.hold("ord_a", 100)
    books.capture("ord_a", 100)
    books.accept("ord_a")
    books.close_day()
    clockwork = Clockwork(books.ground, None)
    clockwork.run_once()
    books.teller.run_once()
    assert books.bank.releases == 0

    books.clock.set(2026, 4, 2, 9)
    clockwork.run_once()
    books.teller.run_once()
    waiting = retrying(books)
    books.teller.run_once()
    assert retrying(books) == waiting != []
    books.clock.forward(60)
    books.teller.run_once()

    assert retrying(books) == []
    assert (books.bank.releases, books.balance(lines.BANK)) == (3, -900)
    books.check()


def retrying(books: Books) -> list[Payout]:
    payees = ("part_a_power", "part_b_dm", "part_exchange")
    with books.ground.reading(CLOCKWORK) as unit:
        payouts = [unit.get(Payout, books.payout_id("ord_a", payee)) for payee in payees]
    return [one for one in payouts if one.state == "RETRYING"]


def test_what_time_did_stands_in_the_facts_as_the_clockworks_act(trading: Trading) -> None:
    trading.order()
    trading.report(trading.order())
    trading.request()

    trading.tick(days=40)
    trading.tick(days=3 * 365)

    with trading.market.store.writing() as connection:
        told = [history(connection, one) for one in (trading.licence_id, trading.asset_id, trading.listing_id)]
        assert [(facts[-1].event.WIRE_TYPE, facts[-1].actor) for facts in told] == [
            ("licence.expired", CLOCKWORK.participant_id),
            ("certificate.expired", CLOCKWORK.participant_id),
            ("listing.suspended", CLOCKWORK.participant_id),
        ]
        live = list(dump(connection))
        rebuild(connection)
        assert list(dump(connection)) == live
