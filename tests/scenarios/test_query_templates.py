"""Query templates over HTTP: sensitive data answered exactly, by a text its provider's own key approved."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exchange.client.connection import Problem
from exchange.ledger.store import Store
from exchange.wire.deliveries import Delivery
from exchange.wire.templates import QueryTemplate
from tests.market import Market, Ready
from tests.scenarios.approving import Approving, opened, refusal

SQL = "SELECT count(*) AS firms, sum(kwh) AS kwh FROM load WHERE district = :district"
DISTRICTS = {"district": {"kind": "choice", "values": ["district 0", "district 1", "nowhere"]}}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approving]:
    with opened(tmp_path_factory.mktemp("templates"), "G3") as made:
        yield made


@pytest.fixture(scope="module")
def licence_id(market: Approving) -> str:
    return market.licence()


def form(market: Market, **changed: Any) -> dict[str, Any]:
    asset_id, valid_to_s = market.listing["asset_id"], market.now_s + 300 * 86_400
    said = {"asset_id": asset_id, "title": "Load of a district", "sql": SQL, "parameters": DISTRICTS}
    return {**said, "valid_to_s": valid_to_s, **changed}


def submitted(market: Market, **changed: Any) -> tuple[str, str]:
    """A template the buyer wrote, and the approval it waits for."""
    drafted = market.buyer.templates.new(form(market, **changed))
    told = market.buyer.templates.do(drafted["id"], "submit")
    assert (drafted["state"], told["state"]) == ("DRAFT", "SUBMITTED")
    return str(told["id"]), str(told["approval_id"])


def approved(market: Market, **changed: Any) -> str:
    template_id, approval_id = submitted(market, **changed)
    market.provider.approve(approval_id)
    assert market.buyer.templates.one(template_id)["state"] == "APPROVED"
    return template_id


def run(market: Market, licence_id: str, template_id: str, **parameters: Any) -> dict[str, Any]:
    computation = {"kind": "template", "template_id": template_id, "parameters": parameters}
    return market.buyer.place_order(market.ask(licence_id, computation=computation))


def test_an_approved_template_is_answered_exactly_where_open_queries_carry_noise(store: Store, tmp_path: Path) -> None:
    market = Approving(store, tmp_path / "home", "G3")
    licence_id, template_id = market.licence(), approved(market)
    ask = market.ask(licence_id, computation={"kind": "template", "template_id": template_id, "parameters": {
        "district": "district 0"}})  # fmt: skip
    told = market.buyer.explain(ask)
    assert (told["verdict"], told["rho_nrho"], told["approvers"]) == ("answer", 0, [])

    with market.provider.engine() as engine:
        order_id = str(run(market, licence_id, template_id, district="district 0")["id"])
        noisy = {"kind": "sql", "sql": "SELECT count(*) AS firms FROM load"}
        open_id = market.buyer.place_order(market.ask(licence_id, computation=noisy))["id"]
        market.works(engine)

    answer = market.answer(order_id)
    assert (answer.mode, answer.rows) == ("exact", ((20, 2380),))
    assert answer.guarantee == "none: exact answers over at least k privacy units"
    assert market.answer(open_id).mode == "noise"
    assert market.views_follow()


def test_values_are_literals_of_their_declared_kind_and_never_sql(market: Approving, licence_id: str) -> None:
    template_id = approved(market)

    for bad in (
        {},
        {"district": "elsewhere"},
        {"district": "x' OR 1=1 --"},
        {"district": 1},
        {"district": "nowhere", "x": 1},
    ):
        with pytest.raises(Problem) as refused:
            run(market, licence_id, template_id, **bad)
        assert refusal(refused.value) == (403, "E_DISCLOSURE:T01")

    with market.provider.engine() as engine:
        order_id = run(market, licence_id, template_id, district="nowhere")["id"]
        market.works(engine)
    assert market.buyer.order(order_id)["refusal"] == "NOTHING_RELEASABLE"


def test_what_would_be_refused_at_an_end_of_its_parameters_is_not_even_submitted(market: Approving) -> None:
    drafted = market.buyer.templates.new(form(market, sql="SELECT count(*) AS n FROM load WHERE kwh > :least",
        parameters={"least": {"kind": "integer", "low": 0, "high": 100, "step": 50}}))  # fmt: skip

    with pytest.raises(Problem) as refused:
        market.buyer.templates.do(drafted["id"], "submit")
    again = market.buyer.templates.do(drafted["id"], "revise", form(market))

    assert refusal(refused.value) == (409, "E_DISCLOSURE:R09")
    assert market.buyer.templates.do(again["id"], "submit")["state"] == "SUBMITTED"


def test_nobody_but_the_providers_domain_approves_and_only_what_was_submitted(market: Approving) -> None:
    template_id, approval_id = submitted(market)
    other = market.wallets["buyer"].signing_key
    act = QueryTemplate.model_validate(market.supplier.approvals.one(approval_id)["about"]["to_sign"] | {
        "parameters": {}}, strict=False)  # fmt: skip

    with pytest.raises(Problem) as unsigned:
        market.supplier.approvals.approve(approval_id)
    for key, code in ((other, "E_SIGNATURE"), (market.provider.domain.key, "E_SCOPE")):
        with pytest.raises(Problem) as refused:
            market.supplier.approvals.approve(approval_id, act.signed(key))
        assert refused.value.code == code

    assert unsigned.value.code == "E_SIGNATURE"
    assert market.buyer.templates.one(template_id)["state"] == "SUBMITTED"


def test_a_template_not_or_no_longer_approved_is_not_run(market: Approving, licence_id: str) -> None:
    waiting, _ = submitted(market)
    rejected, approval_id = submitted(market)
    market.supplier.approvals.reject(approval_id, "too fine")
    withdrawn = approved(market)
    market.supplier.templates.do(withdrawn, "withdraw")

    for template_id in (waiting, rejected, withdrawn):
        with pytest.raises(Problem) as refused:
            run(market, licence_id, template_id, district="district 0")
        assert refusal(refused.value) == (403, "E_APPROVAL")
    assert market.buyer.templates.one(rejected)["reason"] == "too fine"


def test_a_template_is_its_authors_and_a_strangers_not_even_to_see(market: Approving, licence_id: str) -> None:
    template_id = approved(market)
    rival = market.member("rival", 22, "BUYER")

    with pytest.raises(Problem) as hidden:
        rival.templates.one(template_id)
    offered = market.supplier.templates.new(form(market, for_all=True))
    told = market.supplier.templates.do(offered["id"], "submit")
    market.provider.approve(told["approval_id"])

    assert refusal(hidden.value) == (404, "E_NOT_FOUND")
    assert rival.templates.one(offered["id"])["state"] == "APPROVED"
    assert run(market, licence_id, offered["id"], district="district 1")["state"] == "TICKETED"


def test_a_submission_nobody_answers_is_rejected_in_time(market: Approving) -> None:
    template_id, approval_id = submitted(market)

    market.now = market.supplier.approvals.one(approval_id)["due_at"]
    market.ticks()

    told = market.buyer.templates.one(template_id)
    assert (told["state"], told["reason"]) == ("REJECTED", "E_APPROVAL")
    assert market.types_of(approval_id)[-1] == "approval.lapsed"


def test_a_domain_runs_nothing_exactly_that_its_own_key_did_not_sign(market: Approving, licence_id: str) -> None:
    market.works()
    template_id, engine = approved(market), Ready(("district 0", 20, 2380, 20))
    order_id = run(market, licence_id, template_id, district="district 0")["id"]
    market.dispatches()
    ((ticket_id, token),) = market.queues.waiting.items()
    market.queues.waiting[ticket_id] = _without(token)

    market.works(engine)

    assert engine.asked == 0
    assert market.buyer.order(order_id)["state"] == "TICKETED"


def _without(token: str) -> str:
    """The delivery as a broker could spoil it: the signed template taken out."""
    return Delivery.parsed(token).model_copy(update={"template": None}).model_dump_json()
