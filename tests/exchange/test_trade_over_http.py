"""What the API answers to requests it does not take, on both databases; and which wire types there are."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from exchange.app import BODY_BYTES_MAX
from exchange.kernel.entity import Event
from exchange.ledger.store import Store
from exchange.wire.event_types import TYPES
from tests.market import opened

WORD = "confidential-word"


@pytest.fixture
def door(store: Store, tmp_path: Path) -> TestClient:
    return opened(store, tmp_path / "home")


def test_without_a_key_nobody_is_let_in(door: TestClient) -> None:
    answer = door.get("/v1/orders")
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_an_invented_key_is_not_let_in(door: TestClient) -> None:
    answer = door.get("/v1/orders", headers={"authorization": f"Bearer dxk_key_00000000000000000000000000.{WORD}"})
    assert answer.status_code == 401
    assert WORD not in answer.text


def test_an_unknown_field_is_refused_without_an_echo(door: TestClient) -> None:
    headers = {"authorization": "Bearer x", "idempotency-key": "one"}
    answer = door.post("/v1/orders", json={"surprise": WORD}, headers=headers)
    assert answer.status_code == 422
    assert WORD not in answer.text


def test_an_oversized_body_is_a_problem_of_its_own(door: TestClient) -> None:
    answer = door.post("/v1/orders", content=b" " * (BODY_BYTES_MAX + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "E_TOO_LARGE")
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_every_event_of_the_product_has_its_wire_type_and_no_type_is_left_over() -> None:
    events = [one for one in Event.__subclasses__() if one.__module__.startswith("exchange.")]
    assert {one.WIRE_TYPE for one in events} == TYPES
