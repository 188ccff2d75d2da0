"""A template on G4: compliance looks at it too; it then runs for ninety days, whoever says yes last."""

from collections.abc import Iterator

import pytest

from exchange.client.connection import Problem
from tests.market import DAY_S
from tests.scenarios.approving import Approving, opened, refusal
from tests.scenarios.test_query_templates import run, submitted


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approving]:
    with opened(tmp_path_factory.mktemp("high"), "G4") as made:
        yield made


def test_it_waits_for_the_domain_and_for_compliance_and_stands_for_ninety_days(market: Approving) -> None:
    licence_id = market.licence()
    template_id, approval_id = submitted(market)
    market.provider.approve(approval_id)
    with pytest.raises(Problem) as early:
        run(market, licence_id, template_id, district="district 0")
    assert refusal(early.value) == (403, "E_APPROVAL")

    told = market.staff["first compliance officer"].approvals.approve(approval_id)
    with market.provider.engine() as engine:
        order = run(market, licence_id, template_id, district="district 0")
        market.works(engine)

    assert (told["state"], order["state"]) == ("GRANTED", "TICKETED")
    assert market.buyer.templates.one(template_id)["envelope"] is not None
    answer = market.answer(str(order["id"]))
    assert (answer.mode, answer.k_min, answer.rows) == ("exact", 20, ((20, 2380),))
    market.passes(90 * DAY_S)
    assert run(market, licence_id, template_id, district="district 0")["state"] == "APPROVAL_PENDING"


def test_a_query_of_ones_own_waits_for_both_too(market: Approving) -> None:
    order = market.buyer.place_order(market.ask(market.licence()))

    assert order["state"] == "APPROVAL_PENDING"
    assert market.buyer.approvals.one(order["approval_id"])["approvers"] == ["SUPPLIER", "COMPLIANCE"]
