"""The served log is the exported one, byte for byte, and serves nothing that no checkpoint covers."""

from base64 import b64decode

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from exchange.ledger.export import export
from exchange.ledger.routes import router
from exchange.ledger.sequencer import Sequencer
from exchange.wire import canonical
from exchange.wire.log_policy import LogPolicy
from exchange.wire.merkle import verify_consistency
from exchange.wire.notes import open_checkpoint
from exchange.wire.proofs import LogProof, verify_entry
from tests.exchange.ledger.facts import draft, write


@pytest.fixture
def client(store, signer):
    app = FastAPI()
    app.state.store, app.state.log_vkeys = store, signer.vkeys()
    app.state.log_policy = LogPolicy.of(signer.vkeys(), [], 0)
    app.include_router(router)
    with TestClient(app) as opened:
        yield opened


def test_every_exported_file_is_served_with_the_same_bytes(client, store, grow, signer, tmp_path):
    for count in (5, 300, 300):
        grow(count)
        export(store, tmp_path / "export", signer.vkeys())
    folder = tmp_path / "export"
    for path in (folder / "tile").rglob("*"):
        if path.is_file():
            answer = client.get(f"/ledger/{path.relative_to(folder).as_posix()}")
            assert (answer.status_code, answer.content) == (200, path.read_bytes())
            assert answer.headers["content-type"] == "application/octet-stream"
            assert "immutable" in answer.headers["cache-control"]
    newest = client.get("/ledger/checkpoint")
    assert newest.content == (folder / "checkpoint").read_bytes()
    assert newest.headers["content-type"] == "text/plain; charset=utf-8"
    assert newest.headers["cache-control"] == "public, max-age=1"
    for size in (5, 305, 605):
        assert client.get(f"/ledger/checkpoint/{size}").content == (folder / f"checkpoints/{size}").read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "checkpoint/4",
        "checkpoint/99999999999999999999999",
        "tile/0/000.p/4",
        "tile/0/000.p/6",
        "tile/0/000",
        "tile/0/001.p/1",
        "tile/1/000.p/1",
        "tile/entries/000.p/6",
        "tile/0/0",
        "tile/7/x999/999",
    ],
)
def test_what_no_checkpoint_needs_is_not_there(client, store, grow, path):
    grow(5)
    write(store, draft("ord_unsigned"))
    Sequencer(store).run_once()
    answer = client.get(f"/ledger/{path}")
    assert answer.status_code == 404
    assert client.get("/ledger/tile/0/000.p/5").status_code == 200


def test_nothing_is_served_before_the_first_checkpoint(client):
    for path in ("/ledger/checkpoint", "/ledger/tile/0/000.p/1", "/v1/ledger/proofs/consistency?from=0&to=0"):
        assert client.get(path).status_code == 404


def test_an_entry_can_be_followed_from_committed_to_proved(client, store, grow, signer):
    one = draft("ord_a")
    url = f"/v1/ledger/entries/{one.entry.id}"
    assert client.get(url).status_code == client.get(url + "/proof").status_code == 404
    write(store, one)
    assert client.get(url).json() == {
        "entry": canonical.decode(one.entry.encode()),
        "index": None,
        "state": "committed",
    }
    assert client.get(url + "/proof").headers["retry-after"] == "1"
    Sequencer(store).run_once()
    assert (client.get(url).json()["state"], client.get(url).json()["index"]) == ("integrated", 0)
    grow(2)
    assert client.get(url).json()["state"] == "signed"
    proof = LogProof.parse(client.get(url + "/proof").text)
    assert verify_entry(proof, one.entry.encode(), signer.vkeys()).size == 3


def test_consistency_proofs_hold_between_any_two_served_checkpoints(client, grow, signer):
    for count in (5, 300):
        grow(count)
    old, new = (open_checkpoint(client.get(f"/ledger/checkpoint/{s}").text, signer.vkeys()) for s in (5, 305))
    lines = client.get("/v1/ledger/proofs/consistency?from=5&to=305").text.splitlines()
    verify_consistency(5, 305, [b64decode(line) for line in lines], old.root, new.root)
    assert client.get("/v1/ledger/proofs/consistency?from=5&to=306").status_code == 404
    assert client.get("/v1/ledger/proofs/consistency?from=-1&to=5").status_code == 422


def test_the_health_of_the_log_is_public(client, store, grow):
    grow(5)
    write(store, draft("ord_waiting"))
    health = client.get("/v1/ledger/health").json()
    assert (health["backlog"], health["head_size"], health["published_size"]) == (1, 5, 5)
