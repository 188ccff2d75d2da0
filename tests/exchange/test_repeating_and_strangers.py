"""The manners of the API over a real trade: what is asked twice is done once, and what is not yours is not there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from exchange.app import BODY_BYTES_MAX
from exchange.client.connection import Problem
from exchange.ledger.store import Store
from tests.market import Market

NOWHERE = "ord_00000000000000000000000000"


@pytest.fixture
def market(store: Store, tmp_path: Path) -> Market:
    return Market(store, tmp_path / "home")


def post(market: Market, path: str, body: dict[str, Any], key: str, by: str = "buyer") -> httpx2.Response:
    headers = {"authorization": f"Bearer {market.wallets[by].credential}", "idempotency-key": key}
    return market.door.post(path, json=body, headers=headers)


def get(market: Market, path: str, by: str = "buyer") -> httpx2.Response:
    return market.door.get(path, headers={"authorization": f"Bearer {market.wallets[by].credential}"})


def test_an_order_asked_for_twice_is_placed_once_and_answered_alike(market: Market) -> None:
    ask = market.ask(market.licence())

    first, again = (post(market, "/v1/orders", ask, "one") for _ in range(2))

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.content == first.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert [order["id"] for order in market.buyer.orders()] == [first.json()["id"]]
    assert market.buyer.escrow()["held_fen"] == 160_850


def test_a_refusal_asked_for_twice_is_recorded_once(market: Market) -> None:
    ask = market.ask(market.licence(), purpose="MARKETING")

    first, again = (post(market, "/v1/orders", ask, "one") for _ in range(2))

    assert (first.status_code, again.status_code) == (403, 403)
    assert (again.content, again.headers["content-type"]) == (first.content, "application/problem+json")
    assert [order["id"] for order in market.buyer.orders()] == [first.json()["subject"]]


def test_a_key_that_comes_back_with_another_request_is_refused(market: Market) -> None:
    ask = market.ask(market.licence())
    post(market, "/v1/orders", ask, "one")

    other = post(market, "/v1/orders", {**ask, "territory": "CN-GD"}, "one")

    assert (other.status_code, other.json()["code"]) == (422, "E_IDEMPOTENCY")
    assert len(market.buyer.orders()) == 1


def test_an_error_is_not_kept_and_the_same_key_may_try_again(market: Market) -> None:
    licence_id, order_id = market.licence(), market.ordered()
    early = post(market, f"/v1/orders/{order_id}:accept", {}, "accept")
    market.works()

    late = post(market, f"/v1/orders/{order_id}:accept", {}, "accept")

    assert (early.status_code, early.json()["code"]) == (409, "E_STATE")
    assert (late.status_code, late.json()["state"]) == (200, "COMPLETED")
    assert licence_id


def test_two_members_may_use_the_same_key(market: Market) -> None:
    market.member("rival", 22, "BUYER")
    ask = {"amount_fen": 1_000, "rail_reference": "bank-slip-0002"}

    own = post(market, "/v1/escrow/deposits", ask, "same")
    theirs = post(market, "/v1/escrow/deposits", {**ask, "rail_reference": "bank-slip-0003"}, "same", by="rival")

    assert (own.json()["available_fen"], theirs.json()["available_fen"]) == (251_000, 1_000)


def test_a_write_without_a_key_is_refused(market: Market) -> None:
    headers = {"authorization": f"Bearer {market.wallets['buyer'].credential}"}

    answer = market.door.post("/v1/orders", json=market.ask(market.licence()), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "E_IDEMPOTENCY_KEY")


def test_what_is_somebody_elses_looks_like_nothing(market: Market) -> None:
    market.member("rival", 22, "BUYER")
    licence_id = market.licence()
    order_id = market.ordered(licence_id)
    market.works()

    for path in (f"/v1/orders/{order_id}", f"/v1/orders/{order_id}/events", f"/v1/orders/{order_id}/result"):
        for stranger in ("rival", "merchant"):
            answer = get(market, path, by=stranger)
            assert answer.status_code == 404
            assert answer.content == get(market, path.replace(order_id, NOWHERE), by=stranger).content
    assert get(market, f"/v1/licences/{licence_id}", by="rival").status_code == 404
    assert post(market, "/v1/orders", market.ask(licence_id), "one", by="rival").status_code == 404
    assert post(market, f"/v1/orders/{order_id}:accept", {}, "two", by="rival").status_code == 404
    assert post(market, "/v1/queries:explain", market.ask(licence_id), "three", by="rival").status_code == 404
    assert get(market, "/v1/orders", by="rival").json() == []


def test_a_provider_sees_the_order_but_never_its_answer(market: Market) -> None:
    order_id = market.ordered()
    market.works()

    assert market.supplier.order(order_id)["state"] == "DELIVERED"
    with pytest.raises(Problem) as told:
        market.supplier.result(order_id)
    assert told.value.status == 404
    with pytest.raises(Problem) as told:
        market.supplier.accept(order_id)
    assert told.value.status == 404


def test_lists_come_in_pages_with_a_link_to_the_next(market: Market) -> None:
    licence_id = market.licence()
    asked = {post(market, "/v1/orders", market.ask(licence_id, purpose="MARKETING"), key).json()["subject"]
             for key in ("one", "two", "three")}  # fmt: skip

    first = get(market, "/v1/orders?limit=2")

    assert len(first.json()) == 2
    assert first.links["next"]["url"].startswith("/v1/orders?limit=2&cursor=")
    second = get(market, first.links["next"]["url"])
    assert "link" not in second.headers
    assert {order["id"] for order in first.json() + second.json()} == asked
    assert {order["id"] for order in market.buyer.http.pages("/v1/orders?limit=1")} == asked


@pytest.mark.parametrize(
    "cursor", ["%25", "AA", "_w", "5byg", "A", ""], ids=["none", "NUL", "no text", "no id", "short", "nothing"]
)
def test_a_cursor_nobody_handed_out_is_refused(market: Market, cursor: str) -> None:
    answer = get(market, f"/v1/orders?cursor={cursor}")

    assert (answer.status_code, answer.json()["code"]) == (400, "E_CURSOR")


@pytest.mark.parametrize("name", ["%00", "a%00", "%F0%9F%92%A9", "x" * 5_000], ids=["NUL", "end", "no id", "long"])
def test_a_name_nothing_can_have_is_the_name_of_nothing(market: Market, name: str) -> None:
    for kind in ("orders", "licences", "listings", "assets", "participants", "ledger/entries"):
        assert get(market, f"/v1/{kind}/{name}").status_code == 404
    assert post(market, f"/v1/orders/{name}:accept", {}, name[:5]).status_code == 404


def test_an_oversized_body_without_a_length_is_a_problem_too(market: Market) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(BODY_BYTES_MAX // 65_536 + 1):
            yield b" " * 65_536

    headers = {
        "authorization": f"Bearer {market.wallets['buyer'].credential}",
        "idempotency-key": "one",
        "content-type": "application/json",
    }
    answer = market.door.post("/v1/orders", content=chunks(), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (413, "E_TOO_LARGE")
    assert answer.headers["content-type"] == "application/problem+json"
