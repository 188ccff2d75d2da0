"""A caller may wait until the log covers what it did. The fact is there at once, the certainty when it comes."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from exchange.app import create_app
from exchange.house import House
from exchange.ledger.store import Store
from exchange.ledger.tide import HELD_MAX, LOOK_EVERY_S, Crowded, Tide
from exchange.settings import Settings
from exchange.wire import canonical
from exchange.wire.proofs import LogProof, verify_entry
from tests.market import Market


@pytest.fixture
def market(store: Store, tmp_path: Path) -> Market:
    return Market(store, tmp_path / "market")


@contextmanager
def sequencing(market: Market) -> Iterator[None]:
    """The log grows while a request is held."""
    stop = threading.Event()

    def logs() -> None:
        while not stop.wait(0.05):
            market.logs()

    thread = threading.Thread(target=logs)
    thread.start()
    yield
    stop.set()
    thread.join()


def test_an_order_is_answered_once_the_log_covers_it_or_says_where_its_proof_will_be(market: Market) -> None:
    licence_id = market.licence()
    buyer = {"Authorization": f"Bearer {market.wallets['buyer'].credential}"}

    def order(key: str, wait: str = "", prefer: str = ""):
        headers = {**buyer, "Idempotency-Key": key, **({"Prefer": prefer} if prefer else {})}
        return market.door.post(f"/v1/orders{wait}", json=market.ask(licence_id), headers=headers)

    def state(event_id: str) -> str:
        return str(market.door.get(f"/v1/ledger/entries/{event_id}").json()["state"])

    told = order("a")
    event_id = told.headers["Ledger-Entry"]
    assert state(event_id) == "committed"

    late = order("a", "?wait=included", "respond-async, wait=1")  # Nobody signs: the same order, and no certainty.
    proof = f"/v1/ledger/entries/{event_id}/proof"
    assert (late.status_code, late.headers["Location"], late.json()) == (202, proof, told.json())
    assert market.door.get(proof).json()["code"] == "E_NOT_YET_SIGNED"

    with sequencing(market):
        held = order("b", prefer="wait=20")
    # There is no money for a second one; a refusal is a fact as well, and can be waited for.
    assert (held.status_code, held.headers["Preference-Applied"]) == (403, "wait=20")
    entry = market.door.get(f"/v1/ledger/entries/{held.headers['Ledger-Entry']}").json()
    assert entry["state"] == "signed"
    found = LogProof.parse(market.door.get(f"/v1/ledger/entries/{held.headers['Ledger-Entry']}/proof").text)
    vkeys = market.door.get("/v1/exchange").json()["log_vkeys"]
    assert verify_entry(found, canonical.encode(entry["entry"]), vkeys).size > entry["index"]

    # Nobody is asked to cosign here, so nothing can be: said at once.
    assert order("a", "?wait=cosigned").status_code == 202
    assert order("a", "?wait=included").status_code == told.status_code
    for wrong in ("?wait=", "?wait=soon", "?wait=included&wait=cosigned"):
        refused = order("c", wrong)
        assert (refused.status_code, refused.json()["code"]) == (400, "E_WAIT")
    assert len(market.buyer.orders()) == 2


def test_a_witness_is_asked_in_one_request_that_waits_for_the_next_checkpoint(market: Market) -> None:
    market.logs()
    asked = market.door.get("/v1/ledger/candidate/request?old=0")
    assert asked.text.startswith("old 0\n\nexchange.example/")
    size = int(asked.text.split("\n")[3])
    same = f"/v1/ledger/candidate/request?old={size}&after={size}&wait="
    assert market.door.get(same + "0").status_code == 404
    market.member("another", 31, "BUYER")
    with sequencing(market):
        later = market.door.get(same + "10")
    assert later.text.startswith(f"old {size}\n")
    assert int(later.text.partition("\n\n")[2].split("\n")[1]) > size
    assert market.door.get(same + "99").status_code == 422


def test_strangers_who_wait_in_crowds_are_not_all_held(market: Market) -> None:
    market.logs()
    tide = Tide(market.store)

    async def crowd() -> None:
        size = await tide.other_candidate(0, 0)
        waiting = [asyncio.ensure_future(tide.other_candidate(size or 0, 60)) for _ in range(HELD_MAX)]
        await asyncio.sleep(LOOK_EVERY_S)
        with pytest.raises(Crowded):
            await tide.other_candidate(size or 0, 60)
        assert await tide.other_candidate(0, 60) == size  # Who need not wait is answered.
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert await tide.other_candidate(size or 0, 1) is None

    asyncio.run(crowd())


def test_the_served_log_of_a_database_that_is_away_says_so(tmp_path: Path) -> None:
    missing = f"postgresql+psycopg://nobody@/nothing?host={tmp_path}"
    house = House.opened(Settings.read({"DX_HOME": str(tmp_path), "DX_DATABASE_URL": missing}))
    door = TestClient(create_app(house), raise_server_exceptions=False)
    paths = ["checkpoint", "checkpoint/1", "tile/0/000", "tile/entries/000.p/1"]
    more = ["entries/evt_a", "entries/evt_a/proof", "health", "candidate", "candidate/request?old=0"]
    for path in [*(f"/ledger/{one}" for one in paths), *(f"/v1/ledger/{one}" for one in more)]:
        answer = door.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "E_UNAVAILABLE")
        assert answer.headers["Retry-After"]


@pytest.mark.parametrize(
    "path", ["checkpoint/007", "checkpoint/+1", "checkpoint/1e3", "tile/0/0", "tile/00/000", "tile"]
)
def test_a_path_that_names_nothing_is_a_coded_absence(market: Market, path: str) -> None:
    answer = market.door.get(f"/ledger/{path}")
    assert answer.status_code == 404
    assert answer.json()["code"].startswith("E_")
