"""Signing a licence: the domain asks for it, signs what it sees with its own key, and only for its own data."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from exchange.wire.envelope import Envelope
from exchange.wire.licences import Licence
from exchange.wire.templates import QueryTemplate
from tests.workers.tiny_log import EXCHANGE, LICENCE, SIGNER, TABLES
from workers.__main__ import commands
from workers.domain import Domain, Trusted


class Desk(HTTPServer):
    """An exchange that shows one licence and keeps what is handed in."""

    shown: dict[str, Any]
    offered: list[dict[str, Any]]


class Answering(BaseHTTPRequestHandler):
    server: Desk

    def do_GET(self) -> None:
        self._answer(self.server.shown)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.offered.append(json.loads(body)["envelope"])
        self._answer({})

    def log_message(self, *_: object) -> None:
        return None

    def _answer(self, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Desk(("127.0.0.1", 0), Answering) as desk:
        desk.shown, desk.offered = LICENCE.model_dump(mode="json"), []
        serving = Thread(target=desk.serve_forever)
        serving.start()
        yield desk
        desk.shutdown()
        serving.join()


@pytest.fixture
def domain(tmp_path: Path, desk: Desk) -> Domain:
    made = Domain.made(tmp_path / "hosp1")
    made.keep_controls(TABLES)
    made.keep_secret("api.key", "dxk_key_1.secret")
    address = f"http://127.0.0.1:{desk.server_port}"
    made.trust(
        Trusted(
            domain="hosp1",
            exchange_url=address,
            exchange_key=EXCHANGE.public.text,
            log_vkeys=tuple(SIGNER.vkeys()),
            broker_url="unix:///nobody",
        )
    )
    return made


def signing(domain: Domain, licence_id: str = "lic_1") -> Result:
    return CliRunner().invoke(commands, ["sign", str(domain.folder), licence_id])


def test_what_was_asked_for_is_signed_with_the_domains_own_key(domain: Domain, desk: Desk) -> None:
    done = signing(domain)

    (offered,) = desk.offered
    assert Licence.opened(Envelope.model_validate(offered), (domain.key.public,)) == LICENCE
    assert json.loads(done.stdout)["terms"] == LICENCE.terms.model_dump(mode="json")


@pytest.mark.parametrize("changed", [{"domain": "hosp2"}, {"controls_digest": "b" * 64}], ids=str)
def test_a_licence_for_other_data_than_ours_is_not_signed(domain: Domain, desk: Desk, changed: dict[str, Any]) -> None:
    desk.shown |= changed

    assert signing(domain).exit_code != 0
    assert desk.offered == []


def test_another_licence_than_the_one_asked_for_is_not_signed(domain: Domain, desk: Desk) -> None:
    assert signing(domain, "lic_2").exit_code != 0
    assert desk.offered == []


def template(**changed: Any) -> dict[str, Any]:
    said = {
        "id": "tpl_1", "asset_id": "ast_1", "provider_id": "par_provider", "domain": "hosp1", "buyer_id": "",
        "sql": "SELECT count(*) AS n FROM visits WHERE ward = :ward", "exact": True, "k_min": 10,
        "parameters": {"ward": {"kind": "integer", "low": 0, "high": 6, "step": 1}}, "dominance_bp_max": 7_000,
        "controls_digest": LICENCE.controls_digest, "valid_to_s": 1_900_000_000,
    }  # fmt: skip
    return {"kind": "TEMPLATE", "about": {"to_sign": {**said, **changed}}}


def approving(domain: Domain) -> Result:
    return CliRunner().invoke(commands, ["approve", str(domain.folder), "apv_1"])


def test_a_template_is_signed_once_this_domains_own_rules_would_answer_it(domain: Domain, desk: Desk) -> None:
    desk.shown = template()

    done = approving(domain)

    (handed_in,) = desk.offered
    signed = QueryTemplate.opened(Envelope.model_validate(handed_in), (domain.key.public,))
    assert signed.model_dump(mode="json") == json.loads(done.stdout) == desk.shown["about"]["to_sign"]


@pytest.mark.parametrize(
    "changed",
    [
        {"domain": "hosp2"},
        {"controls_digest": "b" * 64},
        {"sql": "SELECT person FROM visits"},
        {"extra": 1},
        {"k_min": "10"},
    ],
    ids=str,
)
def test_a_template_this_domain_would_not_answer_is_not_signed(
    domain: Domain, desk: Desk, changed: dict[str, Any]
) -> None:
    desk.shown = template(**changed)

    assert approving(domain).exit_code == 1
    assert desk.offered == []


def test_a_job_has_nothing_that_a_domain_signs(domain: Domain, desk: Desk) -> None:
    desk.shown = {"kind": "JOB", "about": {"computation": {}}}

    assert approving(domain).exit_code == 1
    assert desk.offered == []
