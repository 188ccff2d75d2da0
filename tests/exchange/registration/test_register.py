"""Publicity, objections and certificates, by the days of the rulebook's scenarios. Only weekends are holidays here."""

import re
from datetime import date

import pytest

from exchange.kernel.caller import CLOCKWORK, Caller
from exchange.kernel.errors import Forbidden, Guarded, IllegalTransition, NotFound, RecordedRefusal
from exchange.registration import register, service
from exchange.registration.model import Asset
from exchange.registration.views import outlived
from tests.exchange.forms import form, publicised, submitted, supplier
from tests.exchange.rehearsal import COMPLIANCE, REGISTRAR, REGULATOR, Market, at, digest

CLAIM, REASONS, ORDER = digest("contract"), digest("reasons"), digest("court order")


def issued(market: Market, asset: Asset, day: str) -> Asset:
    market.now = at(f"{day} 09:00")
    with market.ground.writing(REGISTRAR) as unit:
        return register.issue_certificate(unit, asset.id)


def objected(market: Market, objector: Caller, asset: Asset, time: str) -> Asset:
    market.now = at(time)
    with market.ground.writing(objector) as unit:
        return register.object_to(unit, asset.id, CLAIM)


def test_publicity_lasts_ten_working_days_and_the_certificate_three_years(market: Market) -> None:
    asset = publicised(market, supplier(market), form("power"))
    assert asset.publicity_ends_at == at("2026-03-17 00:00")
    with pytest.raises(Guarded) as early:
        issued(market, asset, "2026-03-16")
    assert early.value.reason == "E_WINDOW"
    certified = issued(market, asset, "2026-03-17")
    assert (certified.state, certified.valid_to) == ("CERTIFIED", date(2029, 3, 16))


def test_certificate_and_handle_have_the_form_of_the_rulebook(market: Market) -> None:
    certified = issued(market, publicised(market, supplier(market), form("power")), "2026-03-17")
    pattern = r"88\.\d{3}\.\d{1,8}/(CE|DP)\.20260317\.[0-9A-Z]{8}"
    for text in (certified.certificate_no, certified.handle):
        assert re.fullmatch(pattern, text)


def test_an_objection_stops_the_clock_for_the_days_that_are_left(market: Market) -> None:
    """Rulebook S21."""
    asset, rival = publicised(market, supplier(market), form("power")), market.admitted("SUPPLIER")
    assert objected(market, rival, asset, "2026-03-10 14:00").days_left == 4
    with pytest.raises(Guarded) as still_open:
        issued(market, asset, "2026-03-17")
    assert still_open.value.reason == "E_OBJECTION_OPEN"
    market.now = at("2026-03-20 10:00")
    with market.ground.writing(REGISTRAR) as unit:
        dismissed = register.dismiss(unit, asset.id, REASONS)
    assert dismissed.publicity_ends_at == at("2026-03-27 00:00")
    with pytest.raises(Guarded):
        issued(market, asset, "2026-03-26")
    assert issued(market, asset, "2026-03-27").state == "CERTIFIED"


def test_an_upheld_objection_refuses_and_the_same_claim_does_not_come_back(market: Market) -> None:
    """Rulebook S21, the variant."""
    holder, rival = supplier(market), market.admitted("SUPPLIER")
    asset = publicised(market, holder, form("power"))
    objected(market, rival, asset, "2026-03-10 14:00")
    with market.ground.writing(REGISTRAR) as unit:
        assert register.uphold(unit, asset.id, REASONS).state == "REFUSED"
    with market.ground.writing(holder) as unit, pytest.raises(RecordedRefusal) as again:
        service.submit(unit, form("power"))
    assert again.value.reason == "E_REFUSED_BEFORE"
    evidence = {"contract": digest("another"), "processing_record": digest("processed")}
    assert submitted(market, holder, form("power", evidence=evidence)).state == "SUBMITTED"


def test_an_objection_after_the_last_day_is_out_of_time(market: Market) -> None:
    """Rulebook S21: from then on it is a dispute about ownership."""
    asset, rival = publicised(market, supplier(market), form("power")), market.admitted("SUPPLIER")
    with pytest.raises(Guarded) as late:
        objected(market, rival, asset, "2026-03-17 00:00")
    assert late.value.reason == "E_WINDOW"
    issued(market, asset, "2026-03-17")
    with pytest.raises(Guarded) as later:
        objected(market, rival, asset, "2026-03-18 09:00")
    assert later.value.reason == "E_WINDOW"


def test_only_somebody_else_who_is_identified_objects(market: Market) -> None:
    holder = supplier(market)
    asset = publicised(market, holder, form("power"))
    with pytest.raises(Guarded) as own:
        objected(market, holder, asset, "2026-03-03 09:00")
    assert own.value.reason == "E_INDEPENDENCE"
    applicant = Caller(market.applied("BUYER").id, "psn_applicant")
    with pytest.raises(Forbidden):
        objected(market, applicant, asset, "2026-03-03 09:00")


def test_a_certificate_does_not_outlive_the_authorisation_it_rests_on(market: Market) -> None:
    """Rulebook S22."""
    holder = supplier(market)
    asset = publicised(market, holder, form("power", authorised_until="2027-06-30"))
    assert issued(market, asset, "2026-03-17").valid_to == date(2027, 6, 30)
    market.now = at("2027-06-30 23:59")
    with market.ground.writing(CLOCKWORK) as unit:
        assert service.certified(unit, asset.id).id == asset.id
        assert register.expire(unit, asset.id).state == "CERTIFIED"
    market.now = at("2027-07-01 00:00")
    with market.ground.writing(CLOCKWORK) as unit:
        with pytest.raises(Guarded):  # Even before the timer comes.
            service.certified(unit, asset.id)
        assert outlived(unit.connection, date(2027, 7, 1)) == [asset.id]
        assert register.expire(unit, asset.id).state == "EXPIRED"


def test_an_authorisation_that_has_ended_gives_no_certificate(market: Market) -> None:
    asset = publicised(market, supplier(market), form("power", authorised_until="2026-03-10"))
    with pytest.raises(Guarded) as ended:
        issued(market, asset, "2026-03-17")
    assert ended.value.reason == "E_EVIDENCE"


def test_three_years_from_a_leap_day_end_with_february(market: Market) -> None:
    market.now = at("2028-02-14 09:00")
    asset = publicised(market, supplier(market), form("power"))
    assert issued(market, asset, "2028-02-29").valid_to == date(2031, 2, 28)


@pytest.mark.parametrize(
    ("rights", "evidence"),
    [
        (["OPERATE"], {"collection_record": digest("a")}),
        (["HOLD"], {"processing_record": digest("a")}),
        (["HOLD", "OPERATE"], {"contract": digest("a")}),
    ],
)
def test_each_right_has_its_evidence(market: Market, rights: list[str], evidence: dict[str, str]) -> None:
    with pytest.raises(Guarded) as without:
        publicised(market, supplier(market), form("power", rights=rights, evidence=evidence))
    assert without.value.reason == "E_EVIDENCE"


def test_the_same_data_is_registered_twice_only_when_nobody_claims_it_alone(market: Market) -> None:
    issued(market, publicised(market, supplier(market), form("power")), "2026-03-17")
    shared = publicised(market, supplier(market, "second"), form("second"))
    assert shared.state == "PUBLICITY"
    with pytest.raises(Guarded) as alone:
        publicised(market, supplier(market, "third"), form("third", exclusive=True))
    assert alone.value.reason == "E_FINGERPRINT"


def test_a_frozen_certificate_is_none_until_it_is_unfrozen(market: Market) -> None:
    holder = supplier(market)
    asset = issued(market, publicised(market, holder, form("power")), "2026-03-17")
    for nobody in (holder, REGISTRAR):
        with pytest.raises(Forbidden), market.ground.writing(nobody) as unit:
            register.freeze(unit, asset.id, ORDER)
    with market.ground.writing(REGULATOR) as unit:
        register.freeze(unit, asset.id, ORDER)
    with market.ground.reading(holder) as unit, pytest.raises(Guarded):
        service.certified(unit, asset.id)
    with pytest.raises(Guarded), market.ground.writing(holder) as unit:
        register.cancel(unit, asset.id, "GIVEN_UP")
    with market.ground.writing(COMPLIANCE) as unit:
        register.unfreeze(unit, asset.id, ORDER)
    with market.ground.writing(holder) as unit:
        assert register.cancel(unit, asset.id, "GIVEN_UP").state == "CANCELLED"


def test_a_registration_is_withdrawn_by_its_holder_and_only_before_the_certificate(market: Market) -> None:
    holder, other = supplier(market), market.admitted("SUPPLIER")
    asset = publicised(market, holder, form("power"))
    with pytest.raises(NotFound), market.ground.writing(other) as unit:
        register.withdraw(unit, asset.id)
    objected(market, other, asset, "2026-03-10 14:00")
    with market.ground.writing(holder) as unit:
        assert register.withdraw(unit, asset.id).state == "WITHDRAWN"
    second = issued(market, publicised(market, holder, form("power", fingerprint=digest("b"))), "2026-04-01")
    with pytest.raises(IllegalTransition), market.ground.writing(holder) as unit:
        register.withdraw(unit, second.id)


def test_the_registrar_refuses_in_a_review_and_not_after(market: Market) -> None:
    holder = supplier(market)
    first = submitted(market, holder, form("power"))
    with market.ground.writing(REGISTRAR) as unit:
        register.accept(unit, first.id)
    with pytest.raises(Forbidden), market.ground.writing(holder) as unit:
        register.pass_formal_review(unit, first.id)
    with market.ground.writing(REGISTRAR) as unit:
        assert register.refuse(unit, first.id, "E_EVIDENCE").state == "REFUSED"
    second = publicised(market, holder, form("power", fingerprint=digest("b")))
    with pytest.raises(Guarded), market.ground.writing(REGISTRAR) as unit:
        register.refuse(unit, second.id, "E_EVIDENCE")
