"""A buyer who sends its last job many times at once, and one who orders while its licence is being taken away."""

from concurrent.futures import ThreadPoolExecutor
from threading import Thread

from exchange.authorization.model import TicketIssued
from exchange.kernel.entity import Event
from exchange.kernel.errors import RecordedRefusal, StaleVersion
from exchange.kernel.facts import read
from exchange.ledger import entries
from exchange.licensing.model import Licence, LicenceRevoked
from exchange.orders import service
from exchange.orders.model import Order, OrderRefused
from tests.exchange.orders.trading import DEPOSIT_FEN, JOBS_MAX, PRICE_FEN, Trading, begun
from tests.exchange.rehearsal import Market

THREADS = 6


def ordered(trading: Trading, licence_id: str) -> Order | None:
    """As the edge does it: a unit that came too late is asked again as a whole, and a refusal is kept."""
    ask = trading.ask().model_copy(update={"licence_id": licence_id})
    for _ in range(50):
        try:
            with trading.market.ground.writing(trading.buyer) as unit:
                try:
                    return service.place_order(unit, trading.market.ground.key, ask)
                except RecordedRefusal:
                    return None
        except StaleVersion:
            continue
    raise AssertionError("never got its turn")


def further(trading: Trading) -> str:
    """Another licence on the same terms."""
    licence_id = trading.request()
    trading.offer(licence_id)
    return trading.agree(licence_id).id


def facts(market: Market) -> list[Event]:
    with market.store.reading() as connection:
        return [read(stored).event for stored in entries.all_in_order(connection)]


def test_the_last_jobs_of_a_licence_are_ticketed_once_each(market: Market) -> None:
    trading = begun(market)

    with ThreadPoolExecutor(THREADS) as threads:
        won = [order for order in threads.map(lambda _: ordered(trading, trading.licence_id), range(12)) if order]

    assert len(won) == JOBS_MAX
    assert trading.escrow_fen() == DEPOSIT_FEN - JOBS_MAX * PRICE_FEN


def test_an_order_that_comes_too_late_for_the_money_is_a_recorded_refusal(market: Market) -> None:
    trading = begun(market)
    licences = [trading.licence_id, *(further(trading) for _ in range(3))]
    affordable = DEPOSIT_FEN // PRICE_FEN

    with ThreadPoolExecutor(THREADS) as threads:
        won = [order for order in threads.map(lambda n: ordered(trading, licences[n % 4]), range(12)) if order]

    told = facts(market)
    assert (len(won), trading.escrow_fen()) == (affordable, DEPOSIT_FEN - affordable * PRICE_FEN)
    assert [event.reasons for event in told if isinstance(event, OrderRefused)] == [("E_FUNDS",)] * 2


def test_no_ticket_is_logged_behind_the_end_of_its_licence(market: Market) -> None:
    trading = begun(market)

    def revoke() -> None:
        with market.ground.writing(trading.supplier) as unit:
            ended = LicenceRevoked(ground="MISUSE", fault="supplier", refund_rule="R8", by=unit.caller.person_id)
            unit.record(unit.get(Licence, trading.licence_id), ended)

    revoking = Thread(target=revoke)
    with market.ground.writing(trading.buyer) as unit:
        service.place_order(unit, market.ground.key, trading.ask())
        revoking.start()
        revoking.join(0.5)  # It may wait for this unit, or be quicker; what is logged must be the same.
    revoking.join()

    about = [type(event) for event in facts(market) if isinstance(event, TicketIssued | LicenceRevoked)]
    assert about == [TicketIssued, LicenceRevoked]
