"""S16: who takes consent back is out of a running job at its next checkpoint; a cohort below k ends it, refunded."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.client.connection import Problem
from exchange.kernel.unit import history
from exchange.ledger.store import Store
from tests.scenarios.persons import Persons
from workers.engines import Engine

PRICE_FEN = 300_000
K = 10


@pytest.fixture
def market(store: Store, tmp_path: Path) -> Persons:
    found = Persons(store, tmp_path / "market", PRICE_FEN)
    found.joined(*[1] * (K + 1))
    return found


@pytest.fixture
def engine(market: Persons) -> Iterator[Engine]:
    with market.provider.engine() as opened:
        yield opened


def leaves(market: Persons, name: str) -> None:
    state = market.persons[name].persons.step(market.consents[name]["id"], "withdraw")["state"]
    assert state == "WITHDRAWN"


def test_one_who_leaves_is_out_at_the_next_checkpoint_and_gets_no_share(market: Persons, engine: Engine) -> None:
    order_id = market.asked()
    market.dispatches()
    leaves(market, "I-1")

    market.works(engine)

    assert market.events(order_id) == ["order.placed", "ticket.issued", "job_scope.reduced", "result.delivered"]
    assert market.buyer.order(order_id)["cohort"] == K
    market.settled(order_id)
    assert market.persons["I-1"].persons.uses() == []
    assert (
        market.persons["I-2"].persons.proceeds()[0]["accrued_micro_yuan"] == PRICE_FEN * 2_000 // 10_000 * 10_000 // K
    )


def test_two_who_leave_end_the_job_and_everything_comes_back(market: Persons, engine: Engine) -> None:
    order_id = market.asked()
    before = market.buyer.escrow()["available_fen"]
    market.dispatches()
    leaves(market, "I-1")
    leaves(market, "I-2")

    market.works(engine)

    order = market.buyer.order(order_id)
    assert (order["state"], order["refund_rule"], order["price_fen"]) == ("ABORTED", "R8", 0)
    assert market.events(order_id)[-2:] == ["job_scope.reduced", "order.stopped"]
    assert market.buyer.escrow() == {"available_fen": before + PRICE_FEN, "held_fen": 0}
    with pytest.raises(Problem) as no_answer:
        market.buyer.result(order_id)
    assert no_answer.value.status == 404
    with pytest.raises(Problem) as next_job:
        market.asked()
    assert next_job.value.code == "E_CONSENT"


def test_leaving_after_the_answer_changes_nothing_of_it(market: Persons, engine: Engine) -> None:
    order_id = market.asked()
    market.works(engine)
    leaves(market, "I-1")
    leaves(market, "I-2")

    market.settled(order_id)

    assert market.buyer.order(order_id)["state"] == "COMPLETED"
    assert len(market.persons["I-1"].persons.uses()) == 1
    with pytest.raises(Problem) as next_job:
        market.asked()
    assert next_job.value.code == "E_CONSENT"


def test_who_is_not_in_the_job_is_not_in_its_answer(market: Persons, engine: Engine) -> None:
    """The domain counts the units of the cohort and nobody else, whatever rows it holds."""
    order_id = market.asked()
    market.works(engine)

    ((firms, _),) = market.answer(order_id).rows
    # Forty meters lie in the table; eleven agreed. Noise of this budget does not reach from one to the other.
    assert abs(int(str(firms)) - (K + 1)) < 20


def test_nobody_acts_for_another_and_no_fact_names_a_person(market: Persons) -> None:
    with pytest.raises(Problem) as other:
        market.persons["I-2"].persons.step(market.consents["I-1"]["id"], "withdraw")
    assert other.value.status == 404
    with pytest.raises(Problem) as buyer:
        market.buyer.persons.step(market.consents["I-1"]["id"], "activate", {"records": 1})
    assert buyer.value.status in (403, 404)
    person_id = market.wallets["I-1"].identity.participant_id
    with market.store.reading() as connection:
        facts = history(connection, market.consents["I-1"]["id"])
    assert [fact.event.WIRE_TYPE for fact in facts] == ["consent.granted", "consent.activated"]
    assert [fact for fact in facts if person_id in f"{fact.actor} {fact.event.model_dump_json()}"] == []
