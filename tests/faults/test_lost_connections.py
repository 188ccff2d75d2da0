"""What a unit says when PostgreSQL undoes it or goes away: two different things, and neither that nothing happened."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from exchange.app import create_app
from exchange.house import House
from exchange.kernel.caller import NOBODY
from exchange.kernel.clock import system_clock
from exchange.kernel.errors import StaleVersion, Unavailable
from exchange.kernel.unit import Ground
from exchange.ledger.store import Store
from exchange.settings import Settings
from policies.engine import load_policies


@pytest.fixture
def ground(pg_url: str) -> Iterator[Ground]:
    store = Store(pg_url)
    yield Ground(store, system_clock, load_policies())
    store.close()


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_what_a_rival_undid_is_asked_again(ground: Ground, state: str) -> None:
    undone = f"DO $$ BEGIN RAISE EXCEPTION 'undone' USING ERRCODE = '{state}'; END $$"

    with pytest.raises(StaleVersion), ground.writing(NOBODY) as unit:
        unit.connection.exec_driver_sql(undone)


def test_a_connection_that_was_lost_is_told_and_the_next_unit_has_another(ground: Ground) -> None:
    with pytest.raises(Unavailable), ground.writing(NOBODY) as unit:
        unit.connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
    with ground.reading(NOBODY) as unit:
        assert unit.connection.exec_driver_sql("SELECT 1").scalar() == 1


def test_a_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    ground = Ground(Store(f"postgresql+psycopg://nobody@/nothing?host={tmp_path}"), system_clock, load_policies())

    with pytest.raises(Unavailable), ground.reading(NOBODY):
        pass


def test_an_api_without_its_database_is_not_ready_and_says_so(tmp_path: Path) -> None:
    missing = f"postgresql+psycopg://nobody@/nothing?host={tmp_path}"
    door = TestClient(create_app(House.opened(Settings.read({"DX_HOME": str(tmp_path), "DX_DATABASE_URL": missing}))))

    answer = door.get("/readyz")

    assert (answer.status_code, answer.json()["code"]) == (503, "E_UNAVAILABLE")
    assert door.get("/healthz").status_code == 200


def test_a_failing_file_is_not_taken_for_a_server_that_comes_back(tmp_path: Path) -> None:
    ground = Ground(Store(f"sqlite:///{tmp_path}/nowhere/log.db"), system_clock, load_policies())

    with pytest.raises(OperationalError), ground.reading(NOBODY):
        pass
