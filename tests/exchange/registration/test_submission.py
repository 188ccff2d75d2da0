"""What the register takes, and what it refuses at the door and keeps nothing of."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import SQLModel

from exchange.kernel.errors import Forbidden, Guarded, Malformed, NotFound, RecordedRefusal
from exchange.kernel.unit import history
from exchange.kernel.views import dump
from exchange.registration import service
from exchange.registration.asks import RegistrationAsk
from exchange.registration.model import Asset
from exchange.wire.controls import controls_digest
from tests.exchange.forms import TABLES, field, form, submitted, supplier
from tests.exchange.rehearsal import Market, digest

CORE = field("NATIONAL_SECURITY", "SERIOUS")


def refused(market: Market, holder: Any, ask: RegistrationAsk) -> RecordedRefusal:
    with market.ground.writing(holder) as unit, pytest.raises(RecordedRefusal) as raised:
        service.submit(unit, ask)
    return raised.value


def test_a_harmless_form_is_submitted_with_the_grade_the_engine_gives(market: Market) -> None:
    asset = submitted(market, supplier(market), form("power"))
    assert (asset.state, asset.grade) == ("SUBMITTED", "G2")
    assert asset.controls_digest == controls_digest(TABLES)


def test_core_data_is_refused_and_its_name_is_nowhere(market: Market) -> None:
    """Rulebook S05."""
    holder = supplier(market)
    answer = refused(market, holder, form("power", CORE, title_zh="省级电网调度拓扑", title_en="Dispatch topology"))
    with market.ground.reading(holder) as unit:
        asset = unit.get(Asset, answer.subject)
        facts = history(unit.connection, asset.id)
        seen = "\n".join([*dump(unit.connection), *(fact.event.model_dump_json() for fact in facts)])
    assert answer.reason == "E_NEGLIST:N01"
    assert [type(fact.event).__name__ for fact in facts] == ["CoreDataDetected", "AssetRegistrationRefused"]
    assert asset.state == "REFUSED"
    assert "省级电网调度拓扑" not in seen
    assert "Dispatch topology" not in seen
    assert digest("省级电网调度拓扑") in seen


def test_core_data_stays_out_whatever_is_claimed_of_it_later(market: Market) -> None:
    """Rulebook S05: the same fingerprint, now called harmless, by another holder, with other evidence."""
    holder, other = supplier(market), supplier(market, "other")
    refused(market, holder, form("power", CORE))
    evidence = {"contract": digest("new"), "processing_record": digest("new")}
    for who, domain in ((holder, "power"), (other, "other")):
        answer = refused(market, who, form(domain, title_zh="无害", evidence=evidence))
        assert answer.reason == "E_REFUSED_BEFORE"
        with market.ground.reading(who) as unit:
            assert unit.get(Asset, answer.subject).title_zh == ""


def test_waybills_are_refused_when_they_are_to_be_operated_and_an_index_of_them_is_not(market: Market) -> None:
    """Rulebook S07."""
    courier = supplier(market, "courier")
    rows = [{**field(pi="PERSONAL"), "name": name} for name in ("name", "phone", "address")]
    waybills = {"express_user_info": True, "pi_authorised": True}
    answer = refused(market, courier, form("courier", *rows, sector="LOGISTICS", attributes=waybills))
    assert answer.reasons == ("E_NEGLIST:N11",)
    index = submitted(market, courier, form("courier", fingerprint=digest("index"), sector="LOGISTICS"))
    assert (index.state, index.grade) == ("SUBMITTED", "G2")


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"state_secret": True}, "E_NEGLIST:N02"),
        ({"lawful_source": False}, "E_NEGLIST:N04"),
        ({"under_14": True}, "E_NEGLIST:N08"),
        ({"public_status": "NOT_OPENED"}, "E_NEGLIST:N09"),
        ({"ownership_disputed": True}, "E_NEGLIST:N15"),
    ],
)
def test_what_the_negative_list_bars_is_a_recorded_refusal(market: Market, attributes: Any, reason: str) -> None:
    answer = refused(market, supplier(market), form("power", attributes=attributes))
    assert answer.reasons == (reason,)
    with market.store.reading() as connection:
        table = SQLModel.metadata.tables["asset"]
        assert connection.execute(select(table.c.state)).scalars().all() == ["REFUSED"]


def test_a_form_cannot_deny_the_persons_its_own_fields_name(market: Market) -> None:
    answer = refused(market, supplier(market), form("power", field("PERSON", "SERIOUS", pi="SENSITIVE")))
    assert answer.reasons == ("E_NEGLIST:N05",)


def test_the_same_claim_on_the_same_data_is_not_looked_at_twice_but_new_evidence_is(market: Market) -> None:
    holder = supplier(market)
    unlawful = form("power", attributes={"lawful_source": False})
    refused(market, holder, unlawful)
    assert refused(market, holder, unlawful).reason == "E_NEGLIST:N04"
    evidence = {"contract": digest("now we have one"), "processing_record": digest("processed")}
    assert submitted(market, holder, form("power", evidence=evidence)).state == "SUBMITTED"


def test_a_domain_of_somebody_else_does_not_exist(market: Market) -> None:
    holder, other = supplier(market), supplier(market, "other")
    with pytest.raises(NotFound):
        submitted(market, other, form("power"))
    with pytest.raises(Guarded) as unknown:
        submitted(market, holder, form("nowhere"))
    assert unknown.value.reason == "E_NODE"
    with pytest.raises(Forbidden):
        submitted(market, market.admitted("BUYER"), form("power"))


@pytest.mark.parametrize(
    "changed",
    [
        {"tables": {"load": {"columns": {"kwh": {"uses": ["peek"]}}}}},
        {"tables": {"load": {"columns": {"kwh": {"bounds": [0, 0.5]}}}}},
        {"tables": {"load": {"rows_max": 5.0, "columns": {"kwh": {}}}}},
        {"tables": {"load": {"columns": {"电量": {}}}}},
        {"fields": [{**field(), "name": "e\u0301"}]},
        {"fields": [field("MARS", "SERIOUS")]},
        {"fields": [field("NONE", "SERIOUS")]},
        {"attributes": {"friendly": True}},
        {"attributes": {"place": "MARS"}},
        {"attributes": {"pi": "MARS"}},
    ],
)
def test_a_form_with_a_word_nobody_knows_is_no_form(market: Market, changed: Any) -> None:
    holder = supplier(market)
    with pytest.raises(Malformed):
        submitted(market, holder, form("power", *changed.pop("fields", []), **changed))
