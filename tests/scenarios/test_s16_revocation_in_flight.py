"""S16: what ends while a computation is under way ends for that computation too: nothing released, all given back."""

from collections.abc import Set as AbstractSet

import pytest

from exchange.client.connection import Problem
from tests.market import DAY_S, Market, Ready
from workers.engines import Answered, EngineCode, EngineRefused


class Broken(Ready):
    """An engine that gives no rows."""

    def portable(self, tables: AbstractSet[str]) -> bool:
        return False

    def run(self, sql: str, tables: AbstractSet[str]) -> Answered:
        raise EngineRefused(EngineCode.TIMEOUT)


def assert_given_back(market: Market, order_id: str, **told: object) -> None:
    """The order failed as told, the buyer has all its money and gets no answer."""
    order = market.buyer.order(order_id)
    assert order["state"] == "FAILED"
    assert {name: order[name] for name in told} == told
    assert market.buyer.escrow() == {"available_fen": 250_000, "held_fen": 0}
    assert sum(market.balances().values()) == 0
    with pytest.raises(Problem) as no_answer:
        market.buyer.result(order_id)
    assert no_answer.value.status == 404


@pytest.mark.parametrize("verb", ["revoke", "suspend"])
def test_an_answer_under_a_licence_that_was_stopped_is_not_released(market: Market, verb: str) -> None:
    licence_id = market.licence()
    order_id = market.ordered(licence_id)
    market.computes()
    market.supplier.stop_licence(licence_id, verb, "SUPPLIER_DECISION")

    assert market.provider.report() == 1

    assert_given_back(market, order_id, cause="LICENCE_ENDED", refund_rule="R8", price_fen=0)


def test_an_answer_that_comes_at_the_end_of_its_licence_is_not_released(market: Market) -> None:
    order_id = market.ordered(market.licence(valid_to_s=market.now_s + 60))
    market.computes()
    market.passes(60)

    market.provider.report()

    assert_given_back(market, order_id, cause="LICENCE_ENDED", refund_rule="R8")


def test_an_answer_delivered_before_the_revocation_stays_with_its_buyer(market: Market) -> None:
    licence_id = market.licence()
    order_id = market.ordered(licence_id)
    market.works()
    market.supplier.stop_licence(licence_id, "revoke", "SUPPLIER_DECISION")

    assert market.answer(order_id).rows
    assert market.buyer.accept(order_id)["state"] == "COMPLETED"


def test_an_answer_with_nothing_above_the_floor_is_refunded(market: Market) -> None:
    nobody = {"kind": "sql", "sql": "SELECT count(*) AS firms FROM load WHERE district = 'nowhere'"}
    order_id = market.buyer.place_order(market.ask(market.licence(), computation=nobody))["id"]
    with market.provider.engine() as engine:
        market.works(engine)

    assert_given_back(market, order_id, refusal="NOTHING_RELEASABLE", refund_rule="R7", cause="DOMAIN_REFUSED")


def test_a_query_that_fails_is_refunded(market: Market) -> None:
    order_id = market.ordered()
    market.works(Broken())

    assert_given_back(market, order_id, refusal="COMPUTATION_FAILED", refund_rule="R8", cause="DOMAIN_REFUSED")


def test_a_ticket_that_reaches_its_domain_too_late_does_not_run(market: Market) -> None:
    order_id, engine = market.ordered(), Ready()
    market.dispatches()
    market.passes(900)

    market.works(engine)

    assert engine.asked == 0
    assert_given_back(market, order_id, refusal="STALE", refund_rule="R8")
    market.passes(DAY_S)
    market.clockwork.run_once()
    assert market.buyer.order(order_id)["state"] == "FAILED"
