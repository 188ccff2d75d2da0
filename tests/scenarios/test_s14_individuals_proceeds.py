"""S14, S15: what individuals' data earns is theirs to the micro-yuan, seen by them, paid within what wallets take."""

from pathlib import Path

import pytest

from exchange.client.connection import Problem
from exchange.kernel.views import dump, rebuild
from exchange.ledger.store import Store
from tests.scenarios.disputing import refusal
from tests.scenarios.persons import Persons

WITHOUT_SHARE = 7
"""So many more agree to the use and want no money: a cohort of grade G3 has ten at least."""


def shared_by(store: Store, home: Path, price_fen: int, *weights: int) -> Persons:
    """A market in which individuals with these weights, and enough without any, are in every answer."""
    market = Persons(store, home / "market", price_fen)
    market.joined(*weights)
    for n in range(len(weights), len(weights) + WITHOUT_SHARE):
        market.admitted(f"I-{n + 1}")
        market.agrees(f"I-{n + 1}", proceeds_accepted=False)
        market.found(f"I-{n + 1}", f"m{n}")
    return market


def sold(market: Persons) -> str:
    order_id = market.asked()
    with market.provider.engine() as engine:
        market.works(engine)
    assert market.buyer.order(order_id)["state"] == "DELIVERED"
    return order_id


def accrued(market: Persons, *names: str) -> list[int]:
    return [market.persons[name].persons.proceeds()[0]["accrued_micro_yuan"] for name in names]


def holds(market: Persons) -> None:
    """A pool holds what its members have accrued, to the fen; nothing is made or lost; views follow from facts."""
    balances = market.balances()
    assert sum(balances.values()) == 0
    with market.store.reading() as connection:
        total = connection.exec_driver_sql("SELECT sum(accrued_micro_yuan) FROM proceeds").scalar() or 0
    assert balances[f"payable:pool_{market.asset_id}"] * 10_000 == total
    with market.store.writing() as connection:
        shown = list(dump(connection))
        rebuild(connection)
        assert list(dump(connection)) == shown


def test_a_pool_is_shared_by_weights_and_paid_in_parts_that_a_wallet_takes(store: Store, tmp_path: Path) -> None:
    market = shared_by(store, tmp_path, 3_000_000, 5, 3, 2, 1)
    wallets = [market.wallet(name, kind) for name, kind in (("I-1", "ECNY_4"), ("I-2", "ECNY_2"), ("I-3", "ECNY_3"))]
    order_id = sold(market)
    assert market.buyer.order(order_id)["cohort"] == 4 + WITHOUT_SHARE

    market.settled(order_id)

    # I-4 has named no wallet: all of its part waits. The others keep what is less than a fen.
    assert accrued(market, "I-1", "I-2", "I-3", "I-4") == [2_727, 3_636, 9_091, 545_454_546]
    [first] = market.persons["I-1"].persons.payouts()
    assert (first["state"], first["amount_fen"], first["paid_fen"]) == ("SETTLED", 272_727, 272_727)
    assert [one["state"] for one in market.persons["I-2"].persons.payouts()] == ["SETTLED"]
    parts = [one.paid_fen for one in market.app.state.rails.ecny.movements()]
    assert sorted(parts) == [72_727, 109_090, 163_636, 200_000]
    assert len(set(wallets)) == 3
    market.wallet("I-4", "ECNY_4")
    market.ticks()
    assert accrued(market, "I-1", "I-2", "I-3", "I-4") == [2_727, 3_636, 9_091, 4_546]
    holds(market)


def test_each_sees_what_its_data_was_used_for_and_no_query(store: Store, tmp_path: Path) -> None:
    market = shared_by(store, tmp_path, 1_000, 1, 1, 1)
    order_id = sold(market)

    [use] = market.persons["I-1"].persons.uses()
    assert use["product"] == market.listing["title_zh"]
    assert (use["purpose"], use["buyer_type"]) == (market.listing["template"]["purposes"][0], "BUYER")
    assert {"sql", "computation"} & use.keys() == set()
    market.wallet("I-2", "ECNY_4")
    market.settled(order_id)

    # S15: 200 fen among three are less than a yuan each, so nobody is paid who does not ask.
    assert sorted(accrued(market, "I-1", "I-2", "I-3")) == [666_666, 666_667, 666_667]
    assert market.persons["I-2"].persons.payouts() == []
    before = accrued(market, "I-2")[0]
    with pytest.raises(Problem) as no_wallet:
        market.persons["I-1"].persons.ask_for_payout(market.asset_id)
    asked = market.persons["I-2"].persons.ask_for_payout(market.asset_id)
    market.ticks()
    assert (asked["amount_fen"], refusal(no_wallet.value)) == (66, (409, "E_ACCOUNT"))
    assert accrued(market, "I-2") == [before - 660_000]
    with pytest.raises(Problem) as too_little:
        market.persons["I-2"].persons.ask_for_payout(market.asset_id)
    assert refusal(too_little.value) == (409, "E_ACCRUED")
    holds(market)


def test_a_child_without_its_guardian_is_not_in_the_job(store: Store, tmp_path: Path) -> None:
    market = shared_by(store, tmp_path, 1_000, 1, 1, 1)
    market.admitted("parent")
    market.admitted("child", under_14=True, guardian="parent")
    consent = market.agrees("child")
    with pytest.raises(Problem) as barred:
        market.found("child", "m20")
    assert refusal(barred.value) == (409, "E_NEGLIST:N08")
    order_id = sold(market)
    assert (market.buyer.order(order_id)["cohort"], market.persons["child"].persons.uses()) == (10, [])

    child_id = market.wallets["child"].identity.participant_id
    market.persons["parent"].persons.step(consent["id"], "countersign", {"child_id": child_id})
    assert market.found("child", "m20")["state"] == "ACTIVE"

    assert market.buyer.order(sold(market))["cohort"] == 11


def test_personal_data_is_sold_with_a_share_for_its_people_or_not_at_all(store: Store, tmp_path: Path) -> None:
    market = Persons(store, tmp_path / "market", 1_000)
    house = market.wallets["merchant"].identity.participant_id
    template = {**market.listing["template"], "split_template": "T1"}

    with pytest.raises(Problem) as without:
        market.supplier.submit_listing(
            asset_id=market.asset_id, merchant_id=house, template=template, quality_report_sha256="0" * 64
        )
    with pytest.raises(Problem) as nobody:
        market.asked()

    assert refusal(without.value) == (409, "E_SPLIT")
    assert nobody.value.code == "E_CONSENT"
    assert market.buyer.escrow()["held_fen"] == 0
