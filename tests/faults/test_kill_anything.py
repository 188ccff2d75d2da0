"""Whatever process of a running market is killed in mid-trade, every order ends once and no fen goes missing.

Real processes, real data, SIGKILL. What must come of each order is read from the domain's own journal, not from luck.
"""

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from exchange.client.verify import verify_log
from exchange.orders.clockwork import RESEND_AFTER_US
from tests.faults.market import DEPOSIT_FEN, DOMAIN, ORDERS, PRICE_FEN, Market, opened, sum_of, until


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    with tempfile.TemporaryDirectory(prefix="dx_", ignore_cleanup_errors=True) as home, opened(Path(home)) as market:
        yield market


def test_a_worker_killed_while_it_computes_says_so_and_the_buyer_has_its_money_back(market: Market) -> None:
    placed = [market.order()]
    while not market.frozen_at_work(placed[-1]):
        placed.append(market.order())
    placed += [market.order() for _ in range(ORDERS)]

    market.kill(f"worker-{DOMAIN}")
    lost = market.unfinished()
    market.processes.start_worker(DOMAIN)
    orders = market.ended(placed)

    assert len(lost) == 1
    assert {one for one, order in orders.items() if order["state"] == "FAILED"} == lost
    assert {orders[one]["refusal"] for one in lost} == {"INTERRUPTED"}
    assert all(orders[one]["price_fen"] == 0 for one in lost)
    assert {orders[one]["state"] for one in set(placed) - lost} == {"DELIVERED"}


def test_no_ticket_is_lost_or_run_twice_when_the_broker_is_killed(market: Market) -> None:
    placed = [market.order() for _ in range(ORDERS)]

    market.kill_broker()
    placed += [market.order() for _ in range(2)]
    market.processes.start_broker()
    orders = market.ended(placed)

    assert {order["state"] for order in orders.values()} == {"DELIVERED"}


def test_an_exchange_killed_while_it_takes_orders_takes_each_once(market: Market) -> None:
    with ThreadPoolExecutor(2) as pool:
        asked: list[Future[str]] = [pool.submit(market.order) for _ in range(ORDERS)]
        asked[1].result()

        market.kill("exchange")
        market.processes.start_exchange()
        placed = [one.result() for one in asked]
    orders = market.ended(placed)

    assert len(set(placed)) == ORDERS
    assert {order["state"] for order in orders.values()} == {"DELIVERED"}


def test_tickets_that_the_broker_forgot_are_sent_again_from_the_log(market: Market) -> None:
    market.kill(f"worker-{DOMAIN}")
    placed = [market.order() for _ in range(2)]
    until(market.all_is_dispatched)

    market.kill_broker()
    shutil.rmtree(market.processes.home / "broker" / "data" / "appendonlydir")
    market.processes.start_broker()
    market.processes.start_worker(DOMAIN)
    market.story.admin.http.post("/v1/rehearsal:advance", {"seconds": RESEND_AFTER_US // 1_000_000})
    orders = market.ended(placed)

    assert {order["state"] for order in orders.values()} == {"DELIVERED"}


def test_after_all_that_nothing_happened_twice(market: Market) -> None:
    mine = {order["id"]: order["state"] for order in market.buyer.orders()}

    assert mine == market.ends
    assert all(len(ends) == 1 for ends in market.what_came_of_each().values())
    assert sorted(row[0] for row in market.journal("SELECT order_id FROM claim")) == sorted(mine)


def test_after_all_that_the_books_balance_to_the_fen(market: Market) -> None:
    sold = sum(state == "DELIVERED" for state in market.ends.values())
    amounts, escrow = market.amounts(), market.buyer.escrow()

    assert sum(amounts.values()) == 0
    assert sum_of(amounts, "held:") == 0
    assert sum_of(amounts, "accrued:") + sum_of(amounts, "payable:") == sold * PRICE_FEN
    assert escrow["available_fen"] == DEPOSIT_FEN - sold * PRICE_FEN


def test_after_all_that_the_log_verifies_from_its_exported_files(market: Market) -> None:
    report = verify_log(market.processes.export(), market.vkeys)

    assert report.size > 0
