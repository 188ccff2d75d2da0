"""Two of three witnesses: nothing leaves for a domain before they agree, and then the trade goes on as ever."""

from pathlib import Path

import pytest

from exchange.ledger.guard import GuardedKeys
from exchange.ledger.sequencer import Sequencer
from exchange.ledger.signer import sign_head
from exchange.ledger.store import Store
from exchange.wire.cosignatures import WitnessKey, cosigners
from exchange.wire.log_policy import LogPolicy
from exchange.wire.witnessing import Witness
from tests.market import Market
from workers.claims import Claims
from workers.witness import Journal, Watch, watch_of


class Witnessed(Market):
    """A market whose log needs two of three, from the moment they are named: its domain, and two who look on."""

    witnesses: tuple[Watch, ...] = ()

    def logs(self) -> None:
        while Sequencer(self.store).run_once():
            pass
        sign_head(self.store, GuardedKeys(self._signer, self._guard), self.now, needs_quorum=bool(self.witnesses))

    def names(self) -> LogPolicy:
        self.logs()
        keys, door = self._signer.vkeys(), self.provider.door
        own = watch_of(self.provider.domain, self.provider.claims, door, lambda: self.now_s)
        others = []
        for name in ("buyer.example", "supervisor.example"):
            key, claims = WitnessKey(name, name.encode().ljust(32)), Claims(self.home / f"{name}.db")
            witness = Witness(key, {own.origin: keys}, Journal(claims), lambda: self.now_s)
            others.append(Watch(witness, key.vkey, own.origin, claims, door))
        self.witnesses = (own, *others)
        policy = LogPolicy.of(keys, [one.vkey for one in self.witnesses], 2)
        self.door.app.state.log_policy = policy  # type: ignore[attr-defined]
        return policy


@pytest.fixture
def market(store: Store, tmp_path: Path) -> Witnessed:
    return Witnessed(store, tmp_path / "market")


def test_a_trade_waits_for_its_quorum_and_is_delivered_under_it(market: Witnessed) -> None:
    policy = market.names()
    order_id = market.ordered()

    market.dispatches()
    market.witnesses[0].look_once()
    market.dispatches()
    assert market.queues.waiting == {}  # One of three is not enough.

    market.witnesses[2].look_once()
    market.works()
    assert market.buyer.order(order_id)["state"] == "DELIVERED"
    assert len(market.answer(order_id).rows) == 2
    note = market.buyer.log.checkpoint()
    assert policy.met_by(note)
    assert set(cosigners(note, list(policy.witnesses.values()))) == {policy.witnesses["w1"], policy.witnesses["w3"]}
    assert market.door.get("/v1/ledger/policy").text == policy.text


def test_a_line_that_is_no_witnesss_is_refused_and_so_is_who_is_no_member(market: Witnessed) -> None:
    market.names()
    market.ordered()
    market.logs()
    credential = {"Authorization": f"Bearer {market.provider.credential}"}

    def handed_in(size: int, **headers: str) -> tuple[int, str]:
        headers["Idempotency-Key"] = f"{size}-{len(headers)}"
        answer = market.door.post("/v1/ledger/cosignatures", json={"size": size, "line": "— x y\n"}, headers=headers)
        return answer.status_code, answer.json()["code"]

    with market.store.reading() as connection:
        signed = connection.exec_driver_sql("SELECT max(size) FROM checkpoint").scalar_one()
    buyer = {"Authorization": f"Bearer {market.wallets['buyer'].credential}"}
    assert handed_in(signed, **credential) == (400, "E_COSIGNATURE")
    assert handed_in(signed + 1, **credential) == (404, "E_NOT_FOUND")
    assert handed_in(signed, **buyer) == (403, "E_ROLE")
    assert handed_in(signed) == (401, "E_UNAUTHENTICATED")
