"""Important data goes by way of the authority, core data goes, and a confirmed grade is there for everybody to see."""

from collections.abc import Callable

import pytest

from exchange.classification import service
from exchange.classification.model import Grading
from exchange.kernel.caller import Caller, Role
from exchange.kernel.errors import Forbidden, Guarded, NotFound
from exchange.registration import register
from exchange.registration.model import Asset, AssetRegistrationSubmitted
from tests.exchange.forms import field, form, publicised, submitted, supplier
from tests.exchange.rehearsal import COMPLIANCE, REGISTRAR, REGULATOR, Market, at, digest, staff

OTHER = staff(Role.COMPLIANCE, "other")
REF = digest("catalogue entry")


def did(market: Market, caller: Caller, step: Callable[..., Grading], asset: Asset, *said: str) -> Grading:
    with market.ground.writing(caller) as unit:
        return step(unit, asset.id, *said)


def certified(market: Market, holder: Caller) -> Asset:
    asset = publicised(market, holder, form("power"))
    market.now = at("2026-03-17 09:00")
    with market.ground.writing(REGISTRAR) as unit:
        return register.issue_certificate(unit, asset.id)


def test_important_data_is_reported_first_and_confirmed_by_the_regulator_alone(market: Market) -> None:
    """Rulebook S06."""
    holder = supplier(market)
    asset = submitted(market, holder, form("power", field("NATIONAL_SECURITY", "GENERAL")))
    did(market, holder, service.self_grade, asset, "G2")
    assert did(market, COMPLIANCE, service.review, asset).grade == "IMPORTANT"
    with pytest.raises(Forbidden):
        did(market, OTHER, service.confirm, asset)
    with pytest.raises(Guarded) as unreported:
        did(market, REGULATOR, service.confirm, asset)
    assert unreported.value.reason == "E_NOT_REPORTED"
    did(market, holder, service.report, asset, REF)
    graded = did(market, REGULATOR, service.confirm, asset)
    assert (graded.modes, graded.k_min, graded.open_sql) == (("M5", "M6"), 50, "noise")


def test_a_low_grade_is_nothing_to_report(market: Market) -> None:
    holder = supplier(market)
    asset = submitted(market, holder, form("power"))
    did(market, holder, service.self_grade, asset, "G2")
    did(market, COMPLIANCE, service.review, asset)
    with pytest.raises(Guarded):
        did(market, holder, service.report, asset, REF)


def test_an_asset_that_rules_turn_into_core_data_loses_its_certificate_and_is_never_confirmed(market: Market) -> None:
    holder = supplier(market)
    asset = certified(market, holder)
    with market.ground.writing(holder) as unit:
        # As it would stand in the log had an earlier rulebook called the same harm a lesser one.
        ask = form("power", field("NATIONAL_SECURITY", "SERIOUS"), fingerprint=digest("old"))
        said = AssetRegistrationSubmitted(
            **ask.model_dump(mode="json"), holder_id=holder.participant_id, controls_digest="", grade="G2", by="psn_x"
        )
        old = unit.record(Asset(id="ast_old"), said)
    did(market, holder, service.self_grade, old, "G2")
    assert did(market, COMPLIANCE, service.review, old).grade == "CORE"
    with market.ground.reading(holder) as unit:
        assert (unit.get(Asset, old.id).state, unit.get(Asset, asset.id).state) == ("REFUSED", "CERTIFIED")
    with pytest.raises(Guarded) as core:
        did(market, OTHER, service.confirm, old)
    assert core.value.reason == "E_NEGLIST:N01"


def test_everybody_sees_a_confirmed_grade_and_nobody_else_sees_an_open_one(market: Market) -> None:
    holder, buyer = supplier(market), market.admitted("BUYER")
    asset = certified(market, holder)
    did(market, holder, service.self_grade, asset, "G1")
    did(market, COMPLIANCE, service.review, asset)
    with market.ground.reading(buyer) as unit, pytest.raises(NotFound):
        service.of_asset(unit, asset.id)
    did(market, OTHER, service.confirm, asset)
    with market.ground.reading(buyer) as unit:
        assert service.of_asset(unit, asset.id).k_min == 5


def test_a_triggered_regrade_ends_the_confirmed_grade_until_it_is_made_again(market: Market) -> None:
    holder = supplier(market)
    asset = submitted(market, holder, form("power"))
    for _ in range(2):
        did(market, holder, service.self_grade, asset, "G2")
        did(market, COMPLIANCE, service.review, asset)
        did(market, OTHER, service.confirm, asset)
        with market.ground.reading(holder) as unit:
            assert service.confirmed(unit, asset.id).grade == "G2"
        did(market, COMPLIANCE, service.trigger_regrade, asset, "SCHEMA")
        with market.ground.reading(holder) as unit, pytest.raises(Guarded):
            service.confirmed(unit, asset.id)


def test_what_is_not_in_the_register_is_not_graded(market: Market) -> None:
    holder = supplier(market)
    asset = submitted(market, holder, form("power"))
    with market.ground.writing(holder) as unit:
        register.withdraw(unit, asset.id)
    with pytest.raises(Guarded):
        did(market, holder, service.self_grade, asset, "G2")
    other = supplier(market, "other")
    with pytest.raises(NotFound):
        did(market, other, service.self_grade, asset, "G2")
