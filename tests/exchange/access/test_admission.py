"""Admission: who passes, who does not, and that nobody passes by one person's hand."""

import pytest

from exchange.access import oversight, service
from exchange.access.asks import ReinstatementAsk, Review, SuspensionAsk
from exchange.access.model import Participant
from exchange.access.uscc import is_uscc
from exchange.kernel.caller import CLOCKWORK, NOBODY, Caller
from exchange.kernel.errors import Forbidden, Guarded, IllegalTransition, Malformed, NotFound, RecordedRefusal
from exchange.kernel.unit import history
from tests.exchange.rehearsal import ADMIN, COMPLIANCE, FIRST, FOUND, REGULATOR, SECOND, Market, at, digest, signed


def test_the_check_character_of_a_social_credit_code_is_computed() -> None:
    assert is_uscc("91350100M000100Y43")
    assert is_uscc("91420100MA00000X0W")
    assert is_uscc("91420100MA00000X10")
    assert not is_uscc("91420100MA00000X0X")
    assert not is_uscc("91420100MA00000X0")
    assert not is_uscc("9142010０MA00000X0W")


def test_a_wrong_code_is_no_application(market: Market) -> None:
    ask = market.application("SUPPLIER").model_copy(update={"uscc": "91420100MA00000X0X"})
    with pytest.raises(Guarded) as refused, market.ground.writing(NOBODY) as unit:
        service.apply(unit, ask)
    assert refused.value.reason == "E_USCC"


def test_two_reviewers_and_a_signature_make_a_participant(market: Market) -> None:
    caller = market.admitted("SUPPLIER", "DATA_MERCHANT")
    with market.ground.reading(caller) as unit:
        participant = service.active(unit, caller.participant_id)
        types = [fact.event.WIRE_TYPE for fact in history(unit.connection, participant.id)]
    assert participant.policy_digest == market.ground.policies.digest
    assert types == ["participant.applied", "admission_review.started", "participant.approved", "participant.activated"]


def test_whoever_took_an_application_cannot_approve_it(market: Market) -> None:
    applied = market.applied("BUYER")
    with market.ground.writing(FIRST) as unit:
        service.take(unit, applied.id)
    with pytest.raises(Guarded) as refused, market.ground.writing(FIRST) as unit:
        service.approve(unit, applied.id, Review(facts=FOUND))
    assert refused.value.reason == "E_DUAL_CONTROL"


def test_only_reviewers_review(market: Market) -> None:
    applied, buyer = market.applied("BUYER"), market.admitted("BUYER")
    for caller in (buyer, COMPLIANCE, ADMIN, NOBODY):
        with pytest.raises(Forbidden), market.ground.writing(caller) as unit:
            service.take(unit, applied.id)


@pytest.mark.parametrize(
    ("fact", "value", "reason"),
    [
        ("identity_verified", False, "E_ADMISSION:A1"),
        ("source_undertaking", False, "E_ADMISSION:A4"),
        ("mlps_level", 1, "E_ADMISSION:A5"),
        ("independent", False, "E_INDEPENDENCE"),
        ("mainland", False, "E_ADMISSION:A12"),
    ],
)
def test_a_failed_check_is_a_recorded_rejection(market: Market, fact: str, value: int, reason: str) -> None:
    applied = market.applied("SUPPLIER")
    with market.ground.writing(FIRST) as unit:
        service.take(unit, applied.id)
    with market.ground.writing(SECOND) as unit, pytest.raises(RecordedRefusal) as refused:
        service.approve(unit, applied.id, Review(facts={**FOUND, fact: value}))
    with market.ground.reading(SECOND) as unit:
        rejected = unit.get(Participant, applied.id)
        why = history(unit.connection, applied.id)[-1].event
    assert rejected.state == "REJECTED"
    assert refused.value.reasons == (reason,)
    assert why.model_dump()["decisions"][0]["policy_digest"] == market.ground.policies.digest


def test_a_fact_left_out_is_not_taken_for_granted(market: Market) -> None:
    applied = market.applied("SUPPLIER")
    with market.ground.writing(FIRST) as unit:
        service.take(unit, applied.id)
    fewer = {name: value for name, value in FOUND.items() if name != "mainland"}
    for facts in (fewer, {**FOUND, "operates_node": False}, {**FOUND, "friendly": True}):
        with pytest.raises(Malformed), market.ground.writing(SECOND) as unit:
            service.approve(unit, applied.id, Review(facts=facts))


def test_one_code_is_admitted_once(market: Market) -> None:
    market.admitted("BUYER")
    market.codes = 0
    applied = market.applied("BUYER")
    with market.ground.writing(FIRST) as unit:
        service.take(unit, applied.id)
    with pytest.raises(Guarded) as refused, market.ground.writing(SECOND) as unit:
        service.approve(unit, applied.id, Review(facts=FOUND))
    assert refused.value.reason == "E_USCC_TAKEN"


def test_a_supplement_comes_within_ten_working_days_or_not_at_all(market: Market) -> None:
    applied = market.applied("SUPPLIER")
    applicant = Caller(applied.id, "psn_applicant")
    with market.ground.writing(FIRST) as unit:
        service.take(unit, applied.id)
    with market.ground.writing(FIRST) as unit:
        asked = service.ask_supplement(unit, applied.id, ("legal_form",))
    assert asked.supplement_due_at == at("2026-03-17 00:00")
    market.now = at("2026-03-16 23:59")
    with market.ground.writing(applicant) as unit:
        supplied = service.supply(unit, applied.id, {"legal_form": digest("charter")})
    assert set(supplied.evidence) == {"identity_verified", "legal_form"}
    with market.ground.writing(FIRST) as unit:
        service.ask_supplement(unit, applied.id, ("mlps_level",))
    market.now = at("2026-03-31 00:00")
    with pytest.raises(Guarded), market.ground.writing(applicant) as unit:
        service.supply(unit, applied.id, {"mlps_level": digest("certificate")})
    with market.ground.writing(CLOCKWORK) as unit:
        assert service.lapse_supplement(unit, applied.id).state == "REJECTED"


def test_nobody_is_asked_a_third_time(market: Market) -> None:
    applied = market.applied("SUPPLIER")
    applicant = Caller(applied.id, "psn_applicant")
    with market.ground.writing(FIRST) as unit:
        service.take(unit, applied.id)
    for _ in range(2):
        with market.ground.writing(FIRST) as unit:
            service.ask_supplement(unit, applied.id, ("legal_form",))
        with market.ground.writing(applicant) as unit:
            service.supply(unit, applied.id, {"legal_form": digest("charter")})
    with pytest.raises(Guarded), market.ground.writing(FIRST) as unit:
        service.ask_supplement(unit, applied.id, ("legal_form",))


def test_the_rulebook_in_force_is_signed_with_the_key_that_is_bound(market: Market) -> None:
    applied = market.applied("BUYER")
    applicant = Caller(applied.id, "psn_applicant")
    with market.ground.writing(FIRST) as unit:
        service.take(unit, applied.id)
    with market.ground.writing(SECOND) as unit:
        service.approve(unit, applied.id, Review(facts=FOUND))
    current = market.ground.policies.digest
    good, other = signed(applied.id, current), signed(applied.id, current)
    swapped = good.model_copy(update={"signatures": other.signatures})
    for envelope in (
        swapped,
        signed("part_other", current),
        signed(applied.id, "0" * 64),
        signed(applied.id, current, ""),
    ):
        with pytest.raises((Malformed, Guarded)), market.ground.writing(applicant) as unit:
            service.activate(unit, applied.id, envelope)
    with market.ground.writing(applicant) as unit:
        assert service.activate(unit, applied.id, good).state == "ACTIVE"


def test_an_application_is_seen_by_its_own_and_by_overseers_only(market: Market) -> None:
    applied, stranger = market.applied("SUPPLIER"), market.admitted("BUYER")
    with market.ground.reading(stranger) as unit, pytest.raises(NotFound):
        service.seen(unit, applied.id)
    with market.ground.reading(FIRST) as unit:
        assert service.seen(unit, applied.id).state == "SUBMITTED"
    with market.ground.writing(stranger) as unit, pytest.raises(NotFound):
        service.supply(unit, applied.id, {"legal_form": digest("mine")})


def test_a_suspended_participant_begins_nothing_and_only_the_regulator_lifts_its_own_order(market: Market) -> None:
    caller = market.admitted("SUPPLIER")
    with market.ground.writing(REGULATOR) as unit:
        oversight.suspend(unit, caller.participant_id, SuspensionAsk(ground="DATA_BREACH", until_s=0))
    with market.ground.reading(caller) as unit, pytest.raises(Guarded) as refused:
        service.active(unit, caller.participant_id)
    assert refused.value.reason == "E_PARTICIPANT"
    fixed = ReinstatementAsk(evidence_sha256=digest("fixed"))
    with pytest.raises(Forbidden), market.ground.writing(COMPLIANCE) as unit:
        oversight.reinstate(unit, caller.participant_id, fixed)
    with market.ground.writing(REGULATOR) as unit:
        assert oversight.reinstate(unit, caller.participant_id, fixed).state == "ACTIVE"


def test_a_participant_leaves_without_domains(market: Market) -> None:
    caller = market.admitted("SUPPLIER")
    market.domain(caller, "power")
    with pytest.raises(Guarded), market.ground.writing(caller) as unit:
        oversight.leave(unit, caller.participant_id)
    buyer = market.admitted("BUYER")
    with market.ground.writing(buyer) as unit:
        assert oversight.leave(unit, buyer.participant_id).state == "EXITED"
    with pytest.raises(IllegalTransition), market.ground.writing(buyer) as unit:
        oversight.leave(unit, buyer.participant_id)
