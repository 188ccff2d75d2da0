"""A served log mirrored and verified, and evidence checked at home; whatever is changed on the way is noticed."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from exchange.audit.log_routes import keys as log_keys
from exchange.client.api import Exchange
from exchange.client.audit import AuditRefused, checked_bundle, order_audit, proven_entry
from exchange.client.connection import Problem
from exchange.client.mirror import download_log
from exchange.client.verify import VerificationRefused, verify_log
from exchange.kernel.unit import Ground
from exchange.ledger import tables
from exchange.ledger.guard import Guard, GuardedKeys
from exchange.ledger.proofs import log_proof
from exchange.ledger.routes import router
from exchange.ledger.sequencer import Sequencer
from exchange.ledger.signer import sign_head
from exchange.ledger.store import Store
from exchange.wire.log_policy import LogPolicy
from exchange.wire.notes import LogSigner
from policies.engine import load_policies
from tests.exchange.client.answering import exchange_of, said
from tests.exchange.ledger.facts import NOW_US, ORIGIN, draft, write


@dataclass
class Market:
    """A log that grows, its signer, and the exchange that serves it."""

    store: Store
    signer: LogSigner
    guard: Guard
    served: TestClient

    def grow(self, *versions: int, subject: str = "ord_a") -> list[str]:
        drafts = [draft(subject, version) for version in versions]
        write(self.store, *drafts)
        while Sequencer(self.store).run_once():
            pass
        sign_head(self.store, GuardedKeys(self.signer, self.guard), NOW_US)
        self.drafts = drafts
        return [one.entry.id for one in drafts]

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        answer = self.served.get(request.url.raw_path.decode())
        return httpx2.Response(answer.status_code, content=answer.content, headers=dict(answer.headers))

    def exchange(self, events: list[str] | None = None) -> Exchange:
        def answering(request: httpx2.Request) -> httpx2.Response:
            if events is not None and request.url.path.endswith("/events"):
                return said(200, [{"id": one} for one in events])
            return self.answer(request)

        return exchange_of(answering)

    def evidence(self) -> dict[str, Any]:
        with self.store.reading() as connection:
            facts = [_evidence(one, log_proof(connection, one.entry.id).text) for one in self.drafts]
        return {"order_id": "ord_a", "facts": {"ord_a": facts, "hld_a": []}}


def _evidence(one: Any, proof: str) -> dict[str, str]:
    section = one.sections["payload"]
    parts = {"entry": one.entry.encode(), "content": section.content, "salt": section.salt}
    return {**{name: b64encode(part).decode() for name, part in parts.items()}, "proof": proof}


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    store = Store(f"sqlite:///{tmp_path}/log.db")
    tables.create(store)
    signer = LogSigner(ORIGIN, bytes(range(32)), bytes(range(32, 64)))
    app = FastAPI()
    app.include_router(router)
    app.include_router(log_keys)
    app.state.store, app.state.log_vkeys, app.state.log_root = store, signer.vkeys(), ""
    app.state.log_policy = LogPolicy.of(signer.vkeys(), [], 0)
    app.state.ground = Ground(store, lambda: 0, load_policies())
    yield Market(store, signer, Guard(tmp_path / "guard.json"), TestClient(app))
    store.close()


def test_a_mirrored_log_verifies_and_grows(market: Market, tmp_path: Path) -> None:
    folder = tmp_path / "mirror"
    for number in range(3):
        market.grow(*range(number * 100 + 1, number * 100 + 101))
        download_log(market.exchange().log, folder)

    report = verify_log(folder, market.signer.vkeys())

    assert report.size == 300
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == ["100", "200", "300"]
    assert not list(folder.rglob("*.part"))


def test_a_mirror_remembers_so_another_history_is_noticed(market: Market, tmp_path: Path) -> None:
    folder = tmp_path / "mirror"
    market.grow(1, 2, 3)
    download_log(market.exchange().log, folder)
    other = Store(f"sqlite:///{tmp_path}/other.db")
    tables.create(other)
    rewritten = Market(other, market.signer, Guard(tmp_path / "other.json"), market.served)
    rewritten.grow(1, 2, 3, 4, 5)
    market.served.app.state.store = other  # type: ignore[attr-defined]

    download_log(market.exchange().log, folder)

    with pytest.raises(VerificationRefused):
        verify_log(folder, market.signer.vkeys())
    other.close()


def test_a_log_without_a_checkpoint_cannot_be_mirrored(market: Market, tmp_path: Path) -> None:
    with pytest.raises(Problem):
        download_log(market.exchange().log, tmp_path / "mirror")


def test_an_orders_story_is_proven_fact_by_fact(market: Market) -> None:
    events = market.grow(1, 2, 3)

    story = order_audit(market.exchange(events), "ord_a", market.signer.vkeys(), deadline_s=1)

    assert [(one.index, one.version) for one in story] == [(0, 1), (1, 2), (2, 3)]


@pytest.mark.parametrize("told", [[], [0, 2], [1, 2], [0, 2, 1], [0, 0, 1]])
def test_a_story_with_a_gap_is_refused(market: Market, told: list[int]) -> None:
    events = market.grow(1, 2, 3)

    with pytest.raises(AuditRefused):
        order_audit(market.exchange([events[place] for place in told]), "ord_a", market.signer.vkeys(), deadline_s=1)


def test_facts_of_another_order_do_not_count(market: Market) -> None:
    events = market.grow(1, subject="ord_b")

    with pytest.raises(AuditRefused):
        order_audit(market.exchange(events), "ord_a", market.signer.vkeys(), deadline_s=1)


def test_a_proof_under_other_keys_is_refused(market: Market) -> None:
    (event,) = market.grow(1)
    stranger = LogSigner(ORIGIN, bytes(32), bytes(32))

    with pytest.raises(AuditRefused):
        proven_entry(market.exchange().log, event, stranger.vkeys(), deadline_s=1)


def test_another_entry_than_the_one_asked_for_is_refused(market: Market) -> None:
    first, second = market.grow(1, 2)

    def swapped(request: httpx2.Request) -> httpx2.Response:
        return market.answer(httpx2.Request("GET", str(request.url).replace(first, second)))

    with pytest.raises(AuditRefused):
        proven_entry(exchange_of(swapped).log, first, market.signer.vkeys(), deadline_s=1)


def test_an_auditors_evidence_holds_without_the_exchange(market: Market) -> None:
    market.grow(1, 2)

    assert [one.version for one in checked_bundle(market.evidence(), market.signer.vkeys())] == [1, 2]


def changed(name: str, change: Callable[[bytes], bytes]) -> Callable[[dict[str, Any]], None]:
    def changing(bundle: dict[str, Any]) -> None:
        fact = bundle["facts"]["ord_a"][0]
        fact[name] = b64encode(change(b64decode(fact[name]))).decode()

    return changing


@pytest.mark.parametrize(
    "tampering",
    [
        changed("content", lambda content: content.replace(b"100", b"101")),
        changed("salt", lambda salt: salt[:-1] + bytes([salt[-1] ^ 1])),
        changed("salt", lambda salt: salt[:-1]),
        changed("entry", lambda entry: entry.replace(b"ord_a", b"ord_b")),
        changed("entry", lambda entry: entry[:-1]),
        lambda bundle: bundle["facts"]["ord_a"].pop(0),
        lambda bundle: bundle["facts"]["ord_a"].reverse(),
        lambda bundle: bundle["facts"].update(ord_b=bundle["facts"].pop("ord_a")),
        lambda bundle: bundle["facts"]["ord_a"][0].update(proof=bundle["facts"]["ord_a"][1]["proof"]),
        lambda bundle: bundle["facts"]["ord_a"][0].update(entry="?"),
        lambda bundle: bundle["facts"].clear(),
        lambda bundle: bundle.update(more=1),
    ],
)
def test_evidence_that_was_changed_is_refused(market: Market, tampering: Callable[[dict[str, Any]], None]) -> None:
    market.grow(1, 2)
    bundle = market.evidence()

    tampering(bundle)

    with pytest.raises(AuditRefused):
        checked_bundle(bundle, market.signer.vkeys())
