"""A refused query, what it would need, the provider's one step, and the answer; nothing widens unsigned."""

from collections.abc import Iterator

import pytest

from exchange.client.connection import Problem
from exchange.wire.addenda import ControlsAddendum
from exchange.wire.deliveries import Delivery
from tests.market import Ready
from tests.scenarios.approving import Approving, opened, refusal

SQL = "SELECT count(*) AS firms, sum(kwh) AS kwh FROM load WHERE kwh >= 120 AND kwh < 5000"
NEED = {"table": "load", "column": "kwh", "use": "filter"}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approving]:
    with opened(tmp_path_factory.mktemp("wider")) as made:
        yield made


def order(market: Approving, licence_id: str) -> dict[str, object]:
    return market.buyer.place_order(market.ask(licence_id, computation={"kind": "sql", "sql": SQL}))


def granted(market: Approving, licence_id: str) -> str:
    asked = market.buyer.controls.new({"licence_id": licence_id, "sql": SQL})
    market.provider.approve(asked["approval_id"])
    return str(asked["id"])


def test_a_refused_query_is_answered_once_the_provider_granted_what_it_needs(market: Approving) -> None:
    licence_id, other = market.licence(), market.licence()
    told = market.buyer.explain(market.ask(licence_id, computation={"kind": "sql", "sql": SQL}))
    assert (told["verdict"], told["rule"], told["needs"]) == ("refuse", "R09", [NEED])
    asked = market.buyer.controls.new({"licence_id": licence_id, "sql": SQL})
    assert (asked["state"], asked["grants"]) == ("REQUESTED", [NEED])
    assert market.supplier.approvals.one(asked["approval_id"])["about"]["to_sign"]["grants"] == [NEED]

    market.provider.approve(asked["approval_id"])

    with market.provider.engine() as engine:
        order_id = str(order(market, licence_id)["id"])
        market.works(engine)
    assert market.answer(order_id).rows == ((20, 2590),)
    with pytest.raises(Problem) as elsewhere:
        order(market, other)
    assert elsewhere.value.code == "E_DISCLOSURE:R09"
    assert market.views_follow()


def test_what_is_declined_or_taken_back_widens_nothing(market: Approving) -> None:
    licence_id = market.licence()
    declined = market.buyer.controls.new({"licence_id": licence_id, "grants": [NEED]})
    market.supplier.approvals.reject(declined["approval_id"], "too fine a cut")
    with pytest.raises(Problem):
        order(market, licence_id)
    request_id = granted(market, licence_id)
    assert order(market, licence_id)["state"] == "TICKETED"

    assert market.supplier.controls.do(request_id, "revoke")["state"] == "REVOKED"

    assert market.buyer.controls.one(declined["id"])["reason"] == "too fine a cut"
    with pytest.raises(Problem) as refused:
        order(market, licence_id)
    assert refusal(refused.value) == (403, "E_DISCLOSURE:R09")


def test_only_declared_columns_and_never_the_unit(market: Approving) -> None:
    licence_id = market.licence()

    for grants in ([{**NEED, "column": "meter"}], [{**NEED, "column": "phone"}], [{**NEED, "table": "patients"}]):
        with pytest.raises(Problem) as refused:
            market.buyer.controls.new({"licence_id": licence_id, "grants": grants})
        assert refused.value.code == "E_CONTROLS"
    with pytest.raises(Problem) as stranger:
        market.supplier.controls.new({"licence_id": licence_id, "grants": [NEED]})
    assert stranger.value.status in (403, 404)


def test_nobody_but_the_providers_domain_widens_and_only_as_asked(market: Approving) -> None:
    asked = market.buyer.controls.new({"licence_id": market.licence(), "grants": [NEED]})
    act = ControlsAddendum.model_validate(
        market.supplier.approvals.one(asked["approval_id"])["about"]["to_sign"], strict=False
    )
    wider = act.model_copy(update={"valid_to_s": act.valid_to_s + 1})

    for signed, code in (
        (act.signed(market.ground.key), "E_SIGNATURE"),
        (wider.signed(market.provider.domain.key), "E_SCOPE"),
    ):
        with pytest.raises(Problem) as refused:
            market.supplier.approvals.approve(asked["approval_id"], signed)
        assert refused.value.code == code


def test_a_domain_widens_nothing_on_the_exchanges_word_alone(market: Approving) -> None:
    licence_id, engine = market.licence(), Ready()
    market.works()
    granted(market, licence_id)
    order_id = str(order(market, licence_id)["id"])
    market.dispatches()
    ((ticket_id, token),) = market.queues.waiting.items()
    market.queues.waiting[ticket_id] = Delivery.parsed(token).model_copy(update={"addendum": None}).model_dump_json()

    market.works(engine)

    assert engine.asked == 0
    assert market.buyer.order(order_id)["state"] == "TICKETED"
