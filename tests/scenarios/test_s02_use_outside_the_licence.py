"""S02: use outside the licence is refused, the refusal is a fact of its own, and it costs nothing."""

from typing import Any

import pytest

from exchange.client.connection import Problem
from tests.market import DAY_S, Market


def refused(market: Market, ask: dict[str, Any]) -> Problem:
    """The refusal of an order, which is a recorded one and left the money where it was."""
    before = market.balances()
    with pytest.raises(Problem) as told:
        market.buyer.place_order(ask)
    assert told.value.status == 403
    assert market.balances() == before
    order = market.buyer.order(told.value.subject)
    assert (order["state"], order["reasons"][0]) == ("REFUSED", told.value.code)
    return told.value


def test_a_refusal_is_an_entry_in_the_log_and_uses_up_nothing(market: Market) -> None:
    licence_id = market.licence(jobs_max=1)
    problem = refused(market, market.ask(licence_id, purpose="MARKETING"))

    market.logs()
    told = market.buyer.order_events(problem.subject)
    assert [one["type"] for one in told] == ["order.placed", "order.refused"]
    assert all(one["index"] is not None for one in told)
    assert market.buyer.escrow() == {"available_fen": 250_000, "held_fen": 0}
    assert market.ordered(licence_id)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"purpose": "MARKETING"}, "E_PURPOSE"),
        ({"territory": "CN-GD"}, "E_TERRITORY"),
        ({"mode": "M2"}, "E_MODE"),
        ({"computation": {"kind": "sql", "sql": "SELECT meter FROM load"}}, "E_DISCLOSURE"),
    ],
    ids=["purpose", "territory", "mode", "disclosure"],
)
def test_what_the_licence_does_not_say_is_refused(market: Market, changed: dict[str, Any], code: str) -> None:
    assert refused(market, market.ask(market.licence(), **changed)).code.split(":")[0] == code


def test_the_last_second_of_a_licence_is_covered_and_the_next_is_not(market: Market) -> None:
    licence_id = market.licence(valid_to_s=market.now_s + DAY_S)

    market.passes(DAY_S - 1)
    assert market.ordered(licence_id)

    market.passes(1)
    assert refused(market, market.ask(licence_id)).code == "E_LICENCE_STATE"


def test_before_its_first_second_a_licence_covers_nothing(market: Market) -> None:
    licence_id = market.licence(valid_from_s=market.now_s + 1)

    assert refused(market, market.ask(licence_id)).code == "E_LICENCE_STATE"

    market.passes(1)
    assert market.ordered(licence_id)


def test_after_as_many_jobs_as_agreed_the_next_is_refused(market: Market) -> None:
    licence_id = market.licence(jobs_max=1)
    market.ordered(licence_id)

    assert refused(market, market.ask(licence_id)).code == "E_QUOTA"


def test_who_cannot_pay_is_refused_and_may_pay_in_and_ask_again(market: Market) -> None:
    licence_id = market.licence()
    market.ordered(licence_id)

    assert refused(market, market.ask(licence_id)).code == "E_FUNDS"

    market.buyer.deposit(71_700, "bank-slip-0002")
    assert market.ordered(licence_id)
    assert market.buyer.escrow() == {"available_fen": 0, "held_fen": 321_700}


@pytest.mark.parametrize("verb", ["revoke", "suspend"])
def test_a_licence_its_provider_stopped_stops_the_next_order(market: Market, verb: str) -> None:
    licence_id = market.licence()
    market.supplier.stop_licence(licence_id, verb, "SUPPLIER_DECISION")

    assert refused(market, market.ask(licence_id)).code == "E_LICENCE_STATE"


def test_a_suspended_licence_that_is_resumed_serves_again(market: Market) -> None:
    licence_id = market.licence()
    market.supplier.stop_licence(licence_id, "suspend", "SUPPLIER_DECISION")
    market.supplier.resume_licence(licence_id)

    assert market.ordered(licence_id)


def test_a_dry_run_says_the_same_and_records_nothing(market: Market) -> None:
    licence_id = market.licence()

    allowed = market.buyer.explain(market.ask(licence_id))
    denied = market.buyer.explain(market.ask(licence_id, purpose="MARKETING"))

    assert (allowed["verdict"], allowed["price_fen"], allowed["k_min"]) == ("answer", 160_850, 5)
    assert (denied["verdict"], denied["reasons"][0]) == ("refuse", "E_PURPOSE")
    assert market.buyer.orders() == []
