"""The exchange as production runs it, on PostgreSQL: each of its processes is killed in mid-trade and started again.

API, sequencer, dispatcher and a domain's worker are processes of their own, the broker is a real Valkey.
"""

import secrets
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from demo import forms
from demo.queries import ANSWERED
from exchange.client.api import Exchange
from exchange.client.connection import Problem
from exchange.client.verify import verify_log
from tests.faults.market import DEPOSIT_FEN, DOMAIN, ORDERS, PRICE_FEN, SQL, Market, free_port, opened, sum_of

DEAR, DEAR_FEN = "finance", forms.PRICES["finance"]["price_fen"]
DEAR_SQL = next(query.sql for query in ANSWERED if query.domain == DEAR)
TRIES = 12
DROP_ALL = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture(scope="module")
def market(pg_market_url: str) -> Iterator[Market]:
    with (
        tempfile.TemporaryDirectory(prefix="dx_", ignore_cleanup_errors=True) as home,
        opened(Path(home), pg_market_url) as market,
    ):
        yield market


@pytest.fixture(scope="module")
def doors(market: Market) -> Iterator[tuple[Exchange, Exchange]]:
    """The buyer at two API processes of one exchange."""
    port, buyer = free_port(), market.story.buyer
    if buyer is None:
        raise RuntimeError("the market is not open")
    market.processes.start_exchange("second", port)
    with Exchange(f"http://127.0.0.1:{port}", buyer.wallet.credential) as second:
        yield buyer.at, second


@pytest.mark.parametrize("part", ["sequencer", "dispatch"])
def test_a_part_killed_in_mid_trade_goes_on_where_it_was(market: Market, part: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(market.order) for _ in range(ORDERS)]
        asked[1].result()

        market.kill(part)
        asked[3].result()
        market.processes.start_part(part)
        placed = [one.result() for one in asked]
    orders = market.ended(placed)

    assert {order["state"] for order in orders.values()} == {"DELIVERED"}


def test_an_api_killed_while_it_takes_orders_takes_each_once(market: Market) -> None:
    with ThreadPoolExecutor(2) as pool:
        asked: list[Future[str]] = [pool.submit(market.order) for _ in range(ORDERS)]
        asked[1].result()

        market.kill("exchange")
        market.processes.start_exchange()
        placed = [one.result() for one in asked]
    orders = market.ended(placed)

    assert len(set(placed)) == ORDERS
    assert {order["state"] for order in orders.values()} == {"DELIVERED"}


def test_a_database_that_drops_every_connection_in_mid_trade_loses_nothing(market: Market) -> None:
    with ThreadPoolExecutor(2) as pool:
        asked: list[Future[str]] = [pool.submit(market.order) for _ in range(ORDERS)]
        for placed_before in asked[1::2]:
            placed_before.result()
            market.ledger(DROP_ALL)
        placed = [one.result() for one in asked]
    orders = market.ended(placed)

    assert len(set(placed)) == ORDERS
    assert {order["state"] for order in orders.values()} == {"DELIVERED"}


def test_one_key_at_two_doors_is_one_order(market: Market, doors: tuple[Exchange, Exchange]) -> None:
    ask, keys = forms.order(market.story.licences[DOMAIN], DOMAIN, SQL), [secrets.token_hex(16) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        told = [[pool.submit(door.place_order, ask, key=key) for door in (*doors, *doors)] for key in keys]
        placed = [{one.result()["id"] for one in same} for same in told]
    market.ended([one for same in placed for one in same])

    assert [len(same) for same in placed] == [1] * len(keys)
    assert len(set.union(*placed)) == len(keys)


def test_an_escrow_asked_at_two_doors_at_once_is_never_overdrawn(
    market: Market, doors: tuple[Exchange, Exchange]
) -> None:
    available_fen = market.buyer.escrow()["available_fen"]
    ask = forms.order(market.story.licences[DEAR], DEAR, DEAR_SQL)

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(_placed_or_why_not, doors[number % 2], ask) for number in range(TRIES)]
        told = [one.result() for one in asked]
    placed = [one for one in told if one.startswith("ord_")]

    assert len(placed) == available_fen // DEAR_FEN < TRIES
    assert set(told) - set(placed) == {"E_FUNDS"}
    assert market.buyer.escrow()["available_fen"] == available_fen - len(placed) * DEAR_FEN
    market.processes.start_worker(DEAR)
    assert {order["state"] for order in market.ended(placed).values()} == {"DELIVERED"}


def test_after_all_that_every_order_ended_once_and_the_books_balance(market: Market) -> None:
    came, amounts = market.what_came_of_each(), market.amounts()
    dear = len(market.ledger(f"SELECT id FROM orders WHERE state = 'DELIVERED' AND domain = '{DEAR}'"))
    sold_fen = (len(market.ends) - dear) * PRICE_FEN + dear * DEAR_FEN

    assert {one for one, ends in came.items() if ends} == set(market.ends)
    assert {tuple(came[one]) for one in market.ends} == {("result.delivered",)}
    assert sum(amounts.values()) == sum_of(amounts, "held:") == 0
    assert sum_of(amounts, "accrued:") + sum_of(amounts, "payable:") == sold_fen
    assert market.buyer.escrow()["available_fen"] == DEPOSIT_FEN - sold_fen


def test_after_all_that_the_log_verifies_from_its_exported_files(market: Market) -> None:
    report = verify_log(market.processes.export(), market.vkeys)

    assert report.size == market.ledger("SELECT count(*) FROM event")[0][0]


def _placed_or_why_not(door: Exchange, ask: dict[str, object]) -> str:
    try:
        return str(door.place_order(ask)["id"])
    except Problem as problem:
        return problem.code
