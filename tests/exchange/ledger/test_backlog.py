"""Nothing new is taken while the log is not being signed, or falls too far behind; and the door says so."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from exchange.app import create_app
from exchange.house import House
from exchange.ledger import tables
from exchange.ledger.backlog import BEHIND, LOOK_EVERY_S, STOPPED, STOPPED_AFTER_S, Backlog
from exchange.ledger.guard import Guard, GuardedKeys
from exchange.ledger.sequencer import Sequencer
from exchange.ledger.signer import sign_head
from exchange.ledger.store import Store
from exchange.settings import Settings
from exchange.wire.notes import LogSigner
from tests.exchange.ledger.facts import NOW_US, draft, write

LONG_S = STOPPED_AFTER_S + LOOK_EVERY_S


class Watch:
    """A backlog looked at under a clock that is moved by hand."""

    def __init__(self, store: Store) -> None:
        self.now_s = 100.0
        self.backlog = Backlog(store, lambda: self.now_s)

    def after(self, seconds: int) -> str:
        self.now_s += seconds
        return self.backlog.refusal()


@pytest.fixture
def watch(store: Store) -> Watch:
    return Watch(store)


def test_a_fact_that_nobody_signs_stops_the_taking_of_new_ones(store: Store, watch: Watch) -> None:
    assert watch.after(0) == ""
    write(store, draft("ord_a"))
    assert [watch.after(LOOK_EVERY_S), watch.after(STOPPED_AFTER_S), watch.after(LOOK_EVERY_S)] == ["", "", STOPPED]


def test_a_placed_fact_that_nobody_signs_counts_as_waiting(store: Store, watch: Watch) -> None:
    write(store, draft("ord_a"))
    Sequencer(store).run_once()
    assert [watch.after(0), watch.after(LONG_S)] == ["", STOPPED]


def test_a_log_that_is_signed_again_is_taken_from_again(
    store: Store, watch: Watch, signer: LogSigner, guard: Guard
) -> None:
    write(store, draft("ord_a"))
    assert [watch.after(0), watch.after(LONG_S)] == ["", STOPPED]
    Sequencer(store).run_once()
    sign_head(store, GuardedKeys(signer, guard), NOW_US)
    assert watch.after(LOOK_EVERY_S) == ""


def test_a_busy_log_that_goes_on_is_no_stopped_one(store: Store, watch: Watch, signer: LogSigner, guard: Guard) -> None:
    for number in range(3):
        write(store, draft(f"ord_{number}"))
        Sequencer(store).run_once()
        sign_head(store, GuardedKeys(signer, guard), NOW_US + number)
        write(store, draft(f"doc_{number}"))
        assert watch.after(LONG_S) == ""


def test_a_quiet_log_is_no_stopped_one(watch: Watch) -> None:
    assert [watch.after(0), watch.after(1_000)] == ["", ""]


def test_too_many_waiting_facts_are_too_many(store: Store) -> None:
    write(store, draft("ord_a"), draft("ord_b"))
    assert Backlog(store, pending_max=2).refusal() == ""
    write(store, draft("ord_c"))
    assert Backlog(store, pending_max=2).refusal() == BEHIND


@pytest.fixture
def door(pg_url: str, tmp_path: Path) -> Iterator[TestClient]:
    """The API as a process of its own on PostgreSQL, with no sequencer anywhere."""
    house = House.opened(Settings.read({"DX_HOME": str(tmp_path), "DX_DATABASE_URL": pg_url}))
    tables.create(house.ground.store)
    yield TestClient(create_app(house))
    house.ground.store.close()


def test_while_nobody_signs_the_door_takes_no_facts_and_says_when_to_come_back(door: TestClient) -> None:
    house: House = door.app.state.house  # type: ignore[attr-defined]
    watch = Watch(house.ground.store)
    house.ground.backlog = watch.backlog
    ready = door.get("/readyz").status_code
    write(house.ground.store, draft("ord_a"))
    watch.after(LOOK_EVERY_S)

    stopped = watch.after(LONG_S)
    answer = door.post("/v1/participants", json=APPLICATION, headers={"Idempotency-Key": "first"})

    assert (ready, stopped) == (200, STOPPED)
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, STOPPED, "2")
    assert (door.get("/readyz").status_code, door.get("/healthz").status_code) == (503, 200)


APPLICATION = {
    "org_name": "江城电力",
    "uscc": "91420100MA00000X0W",
    "roles": ["BUYER"],
    "territory": "CN-HB",
    "operates_node": False,
    "evidence": {"identity_verified": "0" * 64},
    "legal_representative": "王小明",
    "api_key_sha256": "0" * 64,
}
