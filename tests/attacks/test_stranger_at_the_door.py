"""A stranger at the door of the API: fishing for echoes, and making up a new credential for every request."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from exchange.app import CREDENTIALS_PER_ADDRESS, create_app
from exchange.house import House
from exchange.migrations import upgrade
from exchange.settings import Settings

SECRET, RATE = "dxk_in_the_wrong_place", 3


@pytest.fixture
def door(tmp_path: Path) -> Iterator[TestClient]:
    house = House.opened(Settings.read({"DX_HOME": str(tmp_path), "DX_REQUESTS_PER_MINUTE": str(RATE)}))
    with house.ground.store.engine.connect() as connection:
        upgrade(connection)
        connection.commit()
    yield TestClient(create_app(house))
    house.ground.store.close()


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({SECRET: 1}, "body/*"),
        ({"evidence": {SECRET + " ": "0"}}, "body/evidence/*"),
        ({"evidence": {"identity": SECRET}}, "body/evidence/*"),
        ({"org_name": {SECRET: 1}}, "body/org_name"),
        ({"roles": [SECRET]}, "body/roles/0"),
    ],
)
def test_what_is_wrong_is_pointed_at_and_never_repeated(door: TestClient, asked: dict[str, Any], pointer: str) -> None:
    answer = door.post("/v1/participants", json=asked, headers={"idempotency-key": "k"})

    assert answer.status_code == 422
    assert pointer in {one["pointer"] for one in answer.json()["errors"]}
    assert SECRET not in answer.text


def test_a_new_credential_for_each_request_is_not_a_new_allowance(door: TestClient) -> None:
    tried = RATE * CREDENTIALS_PER_ADDRESS + 1

    codes = [door.get("/v1/orders", headers={"authorization": f"Bearer {n}"}).status_code for n in range(tried)]

    assert codes == [401] * (tried - 1) + [429]
