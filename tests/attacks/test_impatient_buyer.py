"""A buyer who asks the same, and asks for more than it can pay, many times at once; over HTTP, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from exchange.ledger.store import Store
from tests.market import Market

AT_ONCE = 8


@pytest.fixture
def market(store: Store, tmp_path: Path) -> Market:
    return Market(store, tmp_path / "home")


def all_at_once(market: Market, path: str, body: dict[str, Any], keys: list[str]) -> list[httpx2.Response]:
    credential = market.wallets["buyer"].credential

    def post(key: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {credential}", "idempotency-key": key}
        return market.door.post(path, json=body, headers=headers)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(post, keys))


def test_one_request_sent_many_times_at_once_is_one_order(market: Market) -> None:
    answers = all_at_once(market, "/v1/orders", market.ask(market.licence()), ["one"] * AT_ONCE)

    assert {(answer.status_code, answer.content) for answer in answers} == {(202, answers[0].content)}
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert [order["id"] for order in market.buyer.orders()] == [answers[0].json()["id"]]
    assert market.buyer.escrow() == {"available_fen": 89_150, "held_fen": 160_850}


def test_many_orders_at_once_spend_no_more_than_there_is(market: Market) -> None:
    answers = all_at_once(market, "/v1/orders", market.ask(market.licence()), [str(n) for n in range(AT_ONCE)])

    placed = [answer for answer in answers if answer.status_code == 202]
    others = {(answer.status_code, answer.json()["code"]) for answer in answers if answer.status_code != 202}
    assert len(placed) == 1
    assert others <= {(403, "E_FUNDS"), (409, "E_FUNDS"), (409, "E_STALE_VERSION")}
    assert market.buyer.escrow() == {"available_fen": 89_150, "held_fen": 160_850}
    assert sum(market.balances().values()) == 0


def test_many_orders_at_once_use_no_more_jobs_than_agreed(market: Market) -> None:
    market.buyer.deposit(2_000_000, "bank-slip-0002")
    ask = market.ask(market.licence(jobs_max=2))

    answers = all_at_once(market, "/v1/orders", ask, [str(n) for n in range(AT_ONCE)])

    assert sum(answer.status_code == 202 for answer in answers) == 2
    assert {answer.json()["code"] for answer in answers if answer.status_code != 202} <= {"E_QUOTA", "E_STALE_VERSION"}
    assert market.buyer.escrow()["held_fen"] == 2 * 160_850


def test_an_answer_accepted_many_times_at_once_is_paid_once(market: Market) -> None:
    order_id = market.ordered()
    market.works()

    answers = all_at_once(market, f"/v1/orders/{order_id}:accept", {}, [str(n) for n in range(AT_ONCE)])

    assert sum(answer.status_code == 200 for answer in answers) == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code != 200} <= {"E_STATE", "E_STALE_VERSION"}
    assert market.staff["settlement clerk"].close_day()["gross_fen"] == 160_850
