"""What the catalogue shows to others than the holder: columns, types and uses; never between which values they lie."""

from exchange.registration.routes import AssetView
from tests.exchange.forms import form, submitted, supplier
from tests.exchange.rehearsal import Market


def test_bounds_are_not_shown_to_strangers(market: Market) -> None:
    own = AssetView.of(submitted(market, supplier(market), form("power")))
    strangers = own.without_bounds()
    assert own.tables["load"]["columns"]["kwh"] == {"type": "int", "uses": ["aggregate"], "bounds": [0, 5000]}
    assert strangers.tables["load"]["columns"]["kwh"] == {"type": "int", "uses": ["aggregate"]}
    assert strangers.tables["load"]["unit"] == "meter"
    assert "5000" not in strangers.model_dump_json()
