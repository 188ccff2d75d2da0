"""Market data: open queries are answered with noise, within a budget the provider signed, until it is spent."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from exchange.client.connection import Problem
from exchange.ledger.store import Store
from tests.exchange.audit.auditing import audited
from tests.market import Market
from tests.provider import FIRMS
from workers.engines import Engine

SQL = "SELECT count(*) AS firms, sum(kwh) AS kwh FROM load"
SAME = "SELECT count(*) AS n, sum(kwh) AS total FROM load"
OTHER = "SELECT count(*) AS firms FROM load WHERE district IN ('district {}', 'district 1')"


@pytest.fixture
def market(store: Store, tmp_path: Path) -> Market:
    return Market(store, tmp_path / "market", {"model": "P1", "price_fen": 100}, "G3")


@pytest.fixture
def engine(market: Market) -> Iterator[Engine]:
    with market.provider.engine() as opened:
        yield opened


def asked(market: Market, engine: Engine, licence_id: str, sql: str) -> str:
    """One order, carried to its receipt."""
    order_id: str = market.buyer.place_order(market.ask(licence_id, computation={"kind": "sql", "sql": sql}))["id"]
    market.works(engine)
    return order_id


def test_sensitive_data_is_answered_with_noise_and_the_receipt_says_what_it_cost(
    market: Market, engine: Engine
) -> None:
    licence_id = market.licence()
    told = market.buyer.explain(market.ask(licence_id, computation={"kind": "sql", "sql": SQL}))

    answer = market.answer(asked(market, engine, licence_id, SQL))

    assert (told["verdict"], told["rho_nrho"]) == ("answer", 50_000_000)
    assert "_r <= 1" in told["sql"]
    assert (answer.mode, answer.rho_nrho, answer.delta_e15) == ("noise", 50_000_000, 0)
    ((firms, kwh),) = answer.rows
    assert abs(int(str(firms)) - FIRMS) < 60
    ((near, _),) = answer.intervals or ()
    assert near is not None
    assert int(near[0]) < int(str(firms)) < int(near[1])
    assert kwh is not None


def test_the_same_question_again_costs_money_but_no_budget_and_teaches_nothing_new(
    market: Market, engine: Engine
) -> None:
    licence_id = market.licence()

    first = market.answer(asked(market, engine, licence_id, SQL))
    again = market.answer(asked(market, engine, licence_id, SAME))

    assert (first.rows, first.columns, again.columns) == (again.rows, ("firms", "kwh"), ("n", "total"))
    assert spent(market) == 50_000_000


def test_the_buyer_chooses_how_much_to_spend_between_what_means_something_and_the_cap(
    market: Market, engine: Engine
) -> None:
    licence_id, told = market.licence(), {}
    for rho in (None, 5_000_000, 9_999, 50_000_001):
        ask = market.ask(licence_id, computation={"kind": "sql", "sql": SQL}, **({"rho_nrho": rho} if rho else {}))
        told[rho] = market.buyer.explain(ask)
        if told[rho]["verdict"] == "answer":
            order_id = market.buyer.place_order(ask)["id"]
            market.works(engine)
            assert market.answer(order_id).rho_nrho == told[rho]["rho_nrho"] == (rho or 50_000_000)

    assert [told[rho]["reasons"] for rho in (9_999, 50_000_001)] == [["E_EPS_BUDGET"]] * 2
    cheap, dear = (float(told[rho]["errors"][0]["sigma"]) for rho in (5_000_000, None))
    assert 3.16 < cheap / dear < 3.17
    assert spent(market) == 55_000_000


def test_what_cannot_be_paid_for_any_more_is_refused_before_it_costs_money(market: Market, engine: Engine) -> None:
    licence_id = market.licence()
    for number in range(2, 22):
        asked(market, engine, licence_id, OTHER.format(number))

    with pytest.raises(Problem) as refused:
        asked(market, engine, licence_id, OTHER.format(99))

    assert refused.value.code == "E_EPS_BUDGET"
    assert spent(market) == 1_000_000_000
    market.logs()
    near = [one for one in market.staff["auditor"].http.pages("/v1/audit/alerts") if one["kind"] == "BUDGET"]
    assert [(one["value"], one["limit"]) for one in near] == [(1_000_000_000, 1_000_000_000)]
    report = audited(market)
    assert (report.findings, report.rows["budget_spent"], report.unfolded) == ((), 2, ())


def test_tickets_under_way_are_counted_until_their_orders_end(market: Market) -> None:
    licence_id = market.licence()
    orders = [market.buyer.place_order(market.ask(licence_id, **sql(OTHER.format(place))))["id"] for place in range(20)]

    with pytest.raises(Problem) as refused:
        market.buyer.place_order(market.ask(licence_id, **sql(OTHER.format(99))))
    market.buyer.cancel(orders[0])

    told = market.buyer.explain(market.ask(licence_id, **sql(OTHER.format(99))))
    assert refused.value.code == "E_EPS_BUDGET"
    assert told["verdict"] == "answer"
    assert {(one["whose"], one["reserved_nrho"], one["left_nrho"]) for one in told["budget"]} == {
        ("all", 950_000_000, 1_050_000_000), ("buyer", 950_000_000, 50_000_000),
    }  # fmt: skip


def test_what_was_answered_stays_free_when_all_is_spent(market: Market, engine: Engine) -> None:
    licence_id = market.licence()
    first = market.answer(asked(market, engine, licence_id, SQL))
    for place in range(2, 21):
        market.buyer.place_order(market.ask(licence_id, **sql(OTHER.format(place))))

    told = market.buyer.explain(market.ask(licence_id, **sql(SAME)))
    again = market.answer(asked(market, engine, licence_id, SAME))

    assert (told["verdict"], told["already_answered"]) == ("answer", True)
    assert {one["left_nrho"] for one in told["budget"] if one["whose"] == "buyer"} == {0}
    assert again.rows == first.rows


def test_orders_that_race_for_the_last_of_a_budget_never_overdraw(market: Market) -> None:
    licences = [market.licence(), market.licence()]

    def race(number: int) -> bool:
        try:
            return bool(market.buyer.place_order(market.ask(licences[number % 2], **sql(OTHER.format(number)))))
        except Problem as problem:
            return problem.code != "E_EPS_BUDGET"

    with ThreadPoolExecutor(6) as racing:
        granted = list(racing.map(race, range(26)))

    assert sum(granted) == 20


def sql(text: str) -> dict[str, Any]:
    return {"computation": {"kind": "sql", "sql": text}}


def spent(market: Market) -> int:
    with market.store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT max(spent_nrho), min(spent_nrho) FROM budget_spent").one()
    most, least = (int(one) for one in rows)
    assert most == least
    return most
