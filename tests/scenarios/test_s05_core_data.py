"""S05 and the first half of S07: what may not be traded stops where it is registered, and nothing of it is written."""

from pathlib import Path

import pytest

from demo import forms
from exchange.client.connection import Problem
from exchange.ledger.store import Store
from exchange.ledger.tables import create
from tests.scenarios.overseeing import refused
from tests.scenarios.registering import Registering


@pytest.fixture
def market(tmp_path: Path) -> Registering:
    store = Store(f"sqlite:///{tmp_path}/log.db")
    create(store)
    return Registering(store, tmp_path / "home")


def test_core_data_is_quarantined_and_stays_out_whatever_is_said_of_it_later(market: Registering) -> None:
    core = forms.core_asset(market.form)

    with pytest.raises(Problem) as told:
        market.supplier.submit_asset(core)

    asset_id = told.value.subject
    assert (told.value.status, told.value.code) == (403, "E_NEGLIST:N01")
    assert market.types_of(asset_id) == ["core_data.detected", "asset_registration.refused"]
    shown = market.regulator.asset(asset_id)
    assert (shown["state"], shown["title_zh"], shown["title_en"], shown["tables"]) == ("REFUSED", "", "", {})
    harmless = {**market.form, "fingerprint": core["fingerprint"]}
    assert refused(market.supplier.submit_asset, harmless) == (403, "E_REFUSED_BEFORE")


def test_express_users_data_is_refused_by_its_row_and_an_index_of_parcels_goes_on(market: Registering) -> None:
    waybills = {**market.form, "attributes": {**forms.HARMLESS, "express_user_info": True}}

    assert refused(market.supplier.submit_asset, waybills) == (403, "E_NEGLIST:N11")

    assert market.supplier.submit_asset(market.form)["state"] == "SUBMITTED"
