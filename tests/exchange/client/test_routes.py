"""What the client asks for is what the exchange serves: every method of it meets a route."""

from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from starlette.routing import Match, Route

from exchange.app import ROUTERS
from exchange.client.api import Exchange
from exchange.client.wallet import Wallet
from exchange.rehearsal import rehearsal
from exchange.wire.envelope import Envelope
from tests.exchange.client.answering import exchange_of, said

KEY_ID = "key_" + "7" * 26
ENVELOPE = Envelope(payload="", payloadType="", signatures=())
CALLS: tuple[Callable[[Exchange, Wallet], object], ...] = (
    lambda e, w: e.apply({}, w),
    lambda e, w: e.activate(w, "bank:0001"),
    lambda e, _: e.participants(),
    lambda e, _: e.participant("part_a"),
    lambda e, _: e.take_application("part_a"),
    lambda e, _: e.approve("part_a", {}),
    lambda e, _: e.reject("part_a", []),
    *(
        lambda e, _, verb=verb: e.participant_step("part_a", verb)
        for verb in ("ask-supplement", "supply", "suspend", "reinstate", "revoke", "exit")
    ),
    lambda e, _: e.issue_key(roles=[], sha256="", person_name=""),
    lambda e, _: e.register_node(domain="health", signing_key="", broker_sha256=""),
    lambda e, _: e.submit_asset({}),
    lambda e, _: e.assets(),
    lambda e, _: e.asset("ast_a"),
    *(
        lambda e, _, verb=verb: e.asset_step("ast_a", verb)
        for verb in ("accept", "pass-formal-review", "refuse", "start-publicity", "object", "dismiss-objection")
    ),
    *(
        lambda e, _, verb=verb: e.asset_step("ast_a", verb)
        for verb in ("uphold-objection", "issue-certificate", "freeze", "unfreeze", "withdraw")
    ),
    lambda e, _: e.grading("ast_a"),
    *(
        lambda e, _, verb=verb: e.grading_step("ast_a", verb)
        for verb in ("self-grade", "review", "report", "confirm", "trigger-regrade")
    ),
    lambda e, _: e.submit_listing(asset_id="ast_a", merchant_id="part_a", template={}, quality_report_sha256=""),
    lambda e, _: e.listings(),
    lambda e, _: e.listing("lst_a"),
    lambda e, _: e.assess("lst_a", passed=True, report_sha256="", assessor_id="part_a"),
    lambda e, _: e.publish("lst_a"),
    *(
        lambda e, _, verb=verb: e.listing_step("lst_a", verb)
        for verb in ("pause", "resume", "suspend", "reinstate", "delist")
    ),
    lambda e, _: e.request_licence("lst_a", {}),
    lambda e, _: e.licences(),
    lambda e, _: e.licence("lic_a"),
    lambda e, _: e.offer("lic_a", ENVELOPE),
    lambda e, _: e.agree("lic_a", ENVELOPE),
    *(lambda e, _, verb=verb: e.stop_licence("lic_a", verb, "G") for verb in ("refuse", "suspend", "revoke")),
    lambda e, _: e.resume_licence("lic_a"),
    lambda e, _: e.terminate_licence("lic_a"),
    lambda e, _: e.deposit(1, "ref"),
    lambda e, _: e.escrow(),
    lambda e, _: e.close_day(),
    lambda e, _: e.pay("bat_a"),
    lambda e, _: e.statements(),
    lambda e, _: e.explain({}),
    lambda e, _: e.place_order({}),
    lambda e, _: e.orders(),
    lambda e, _: e.order("ord_a"),
    lambda e, _: e.order_events("ord_a"),
    lambda e, _: e.wait_for_order("ord_a", deadline_s=1),
    lambda e, _: e.result("ord_a"),
    lambda e, _: e.accept("ord_a"),
    lambda e, _: e.cancel("ord_a"),
    lambda e, _: e.disputes.open("ord_a", "QUALITY", 1),
    lambda e, _: e.disputes.all(),
    lambda e, _: e.disputes.one("dsp_a"),
    lambda e, _: e.disputes.respond("dsp_a"),
    lambda e, _: e.disputes.agree("dsp_a", 1, ""),
    lambda e, _: e.disputes.escalate("dsp_a"),
    lambda e, _: e.disputes.decide("dsp_a", outcome="UPHELD", refund_bp=1, fault="NONE", reasons_sha256=""),
    lambda e, _: e.disputes.withdraw("dsp_a"),
    lambda e, _: e.templates.all(),
    lambda e, _: e.controls.new({}),
    lambda e, _: e.controls.all(),
    lambda e, _: e.controls.one("ctr_a"),
    lambda e, _: e.controls.do("ctr_a", "revoke"),
    lambda e, _: e.schedules.new({}),
    lambda e, _: e.schedules.all(),
    lambda e, _: e.schedules.one("sch_a"),
    lambda e, _: e.schedules.do("sch_a", "cancel"),
    *(lambda e, _, verb=verb: e.templates.do("tpl_a", verb) for verb in ("revise", "submit", "withdraw")),
    lambda e, _: e.approvals.waiting(),
    lambda e, _: e.approvals.all(),
    lambda e, _: e.approvals.one("apv_a"),
    lambda e, _: e.approvals.approve("apv_a"),
    lambda e, _: e.approvals.reject("apv_a", "no"),
    lambda e, _: e.approvals.delegate("apv_a", "part_b"),
    lambda e, _: e.evidence("ord_a"),
    lambda e, _: e.advance(1),
    lambda e, _: e.log.checkpoint(),
    lambda e, _: e.log.checkpoint(7),
    lambda e, _: e.log.tile("0/000.p/7"),
    lambda e, _: e.log.vkeys(),
    lambda e, _: e.log.entry("evt_a"),
    lambda e, _: e.log.proof("evt_a", deadline_s=1),
)
ROUTES = [route for one in (*ROUTERS, rehearsal) for route in one.routes if isinstance(route, Route)]
LISTS = {
    "disputes",
    "participants",
    "assets",
    "listings",
    "licences",
    "statements",
    "orders",
    "events",
    "approvals",
    "templates",
    "schedules",
    "controls-requests",
}


def is_served(request: httpx2.Request) -> bool:
    scope = {"type": "http", "path": request.url.path, "method": request.method, "headers": []}
    return any(route.matches(scope)[0] == Match.FULL for route in ROUTES)


def answered(request: httpx2.Request) -> httpx2.Response:
    if request.method == "GET" and request.url.path.rsplit("/", 1)[1] in LISTS:
        return said(200, [])
    known = {"participant": {"id": "part_a"}, "key_id": KEY_ID, "rulebook_digest": "a" * 64}
    return said(200, {**known, "state": "DELIVERED", "keys": []})


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_every_method_meets_a_route(number: int, tmp_path: Path) -> None:
    asked: list[httpx2.Request] = []
    wallet = Wallet.made(tmp_path / "wallet")
    wallet.learn("part_a", KEY_ID)

    def keeping(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return answered(request)

    CALLS[number](exchange_of(keeping), wallet)

    assert asked
    assert [(one.method, one.url.path) for one in asked if not is_served(one)] == []


def test_every_method_is_called_here() -> None:
    names = {name for call in CALLS for name in call.__code__.co_names}
    methods = {name for name, one in vars(Exchange).items() if callable(one) and not name.startswith("_")}

    # `about` is served by the application itself, beside the routers.
    assert methods - names == {"about"}
