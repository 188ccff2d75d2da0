"""The operator wants exact answers from data that is answered with noise: it forges templates, bends them, widens them.

It holds the exchange's key and the log's; it does not hold the provider's.
"""

from typing import Any

import pytest

from exchange.wire.addenda import ControlsAddendum
from exchange.wire.computations import SqlQuery, TemplateRun
from exchange.wire.deliveries import Delivery
from exchange.wire.envelope import Envelope
from exchange.wire.licences import PrivacyBudget
from exchange.wire.refusals import Refusal, Refused
from exchange.wire.templates import IntegerRange, QueryTemplate
from policies.disclosure import Grant
from tests.workers.tiny_log import DIGEST, EXCHANGE, KEEPER, LICENCE, NOW_S, PROVIDER, TICKET, TinyLog, ticket
from workers import gate

BUDGET = PrivacyBudget(query_cap_nrho=10**7, buyer_cap_nrho=10**9, version_cap_nrho=10**9)
NOISY = LICENCE.model_copy(update={"budget": BUDGET})
SIGNED = NOISY.signed(PROVIDER)
TEMPLATE = QueryTemplate(
    id="tpl_1", asset_id="ast_1", provider_id="par_provider", domain="hosp1", buyer_id="par_buyer",
    sql="SELECT count(*) AS n FROM visits WHERE ward >= :least", exact=True, k_min=10, dominance_bp_max=7_000,
    parameters={"least": IntegerRange(kind="integer", low=0, high=6, step=2)}, controls_digest=DIGEST,
    valid_to_s=NOW_S + 1_000,
)  # fmt: skip
GOOD = TEMPLATE.signed(PROVIDER)
RUN = TemplateRun(kind="template", template_id="tpl_1", parameters={"least": 2})
ADDENDUM = ControlsAddendum(
    id="ctr_1", licence_id="lic_1", licence_digest=SIGNED.digest, asset_id="ast_1", provider_id="par_provider",
    buyer_id="par_buyer", domain="hosp1", controls_digest=DIGEST, valid_to_s=NOW_S + 1_000,
    grants=(Grant(table="visits", column="ward", use="aggregate"),),
)  # fmt: skip


def tried(template: Envelope | None, addendum: Envelope | None = None, **changed: Any) -> gate.Admitted | Refusal:
    """What the domain makes of a ticket that is signed, logged and fresh."""
    said = {"licence_digest": SIGNED.digest, "computation": RUN, "template_digest": GOOD.digest, **changed}
    log = TinyLog()
    token = log.deliver(ticket(**said).signed(EXCHANGE), SIGNED)
    packed = Delivery.parsed(token).model_copy(update={"template": template, "addendum": addendum})
    try:
        proven = gate.prove(packed.model_dump_json(), KEEPER, seen=(0, b""), consistency=log.consistency)
        return gate.admit(proven, KEEPER, now_s=NOW_S, runs=1)
    except Refused as refused:
        return refused.code


def test_what_the_provider_signed_is_run_exactly_with_literals() -> None:
    admitted = tried(GOOD)

    assert isinstance(admitted, gate.Admitted)
    assert (admitted.program.exact, admitted.program.literals) == (True, {"least": 2})


def test_an_exact_answer_to_an_open_question_is_not_given() -> None:
    asked = SqlQuery(kind="sql", sql="SELECT count(*) AS n FROM visits")

    assert tried(None, computation=asked, template_digest=None) is Refusal.LICENCE_INVALID
    assert tried(GOOD, computation=asked) is Refusal.LICENCE_INVALID


@pytest.mark.parametrize("envelope", [
    TEMPLATE.signed(EXCHANGE), TEMPLATE.model_copy(update={"sql": TICKET.domain}).signed(EXCHANGE), SIGNED, None,
], ids=["the exchange's key", "another text", "a licence", "none"])  # fmt: skip
def test_a_template_the_provider_did_not_sign_is_none(envelope: Envelope | None) -> None:
    digest = envelope.digest if envelope else None

    assert tried(envelope, template_digest=digest) is Refusal.TEMPLATE_INVALID
    assert tried(envelope) is Refusal.TEMPLATE_INVALID


@pytest.mark.parametrize("changed", [
    {"id": "tpl_2"}, {"asset_id": "ast_2"}, {"domain": "hosp2"}, {"buyer_id": "par_other"}, {"k_min": 11},
    {"dominance_bp_max": 6_999}, {"controls_digest": "b" * 64}, {"valid_to_s": NOW_S},
], ids=str)  # fmt: skip
def test_a_template_for_something_else_is_not_run_here(changed: dict[str, Any]) -> None:
    other = TEMPLATE.model_copy(update=changed).signed(PROVIDER)

    assert tried(other, template_digest=other.digest) is Refusal.TEMPLATE_INVALID


@pytest.mark.parametrize(
    "parameters", [{}, {"least": 3}, {"least": 8}, {"least": "2"}, {"least": 2, "most": 4}], ids=str
)
def test_values_outside_what_was_signed_are_not_run(parameters: dict[str, Any]) -> None:
    run = TemplateRun(kind="template", template_id="tpl_1", parameters=parameters)

    assert tried(GOOD, computation=run) is Refusal.TEMPLATE_INVALID


def test_uses_widen_by_the_providers_signature_alone() -> None:
    good = ADDENDUM.signed(PROVIDER)
    admitted = tried(GOOD, good, addendum_digest=good.digest)
    assert isinstance(admitted, gate.Admitted)
    assert admitted.tables["visits"]["columns"]["ward"]["uses"] == ["aggregate", "filter", "group"]

    narrow = tried(GOOD, good)
    assert isinstance(narrow, gate.Admitted)
    assert admitted.tables != narrow.tables
    for changed, key in (
        ({}, EXCHANGE), ({"licence_id": "lic_2"}, PROVIDER), ({"licence_digest": "c" * 64}, PROVIDER),
        ({"buyer_id": "par_other"}, PROVIDER), ({"valid_to_s": NOW_S}, PROVIDER),
        ({"controls_digest": "c" * 64}, PROVIDER),
        ({"grants": (Grant(table="visits", column="person", use="group"),)}, PROVIDER),
    ):  # fmt: skip
        forged = ADDENDUM.model_copy(update=changed).signed(key)
        assert tried(GOOD, forged, addendum_digest=forged.digest) is Refusal.LICENCE_INVALID
        assert tried(GOOD, forged, addendum_digest=good.digest) is Refusal.LICENCE_INVALID
