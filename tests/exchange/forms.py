"""Registration forms for tests: a harmless one, and what makes it otherwise."""

from typing import Any

from exchange.kernel.caller import Caller
from exchange.registration import register, service
from exchange.registration.asks import RegistrationAsk
from exchange.registration.model import Asset
from tests.exchange.rehearsal import POLICIES, REGISTRAR, Market, digest

_WORDS = {"intended_use": "ORDINARY", "pi": "NONE", "public_status": "NOT_PUBLIC", "place": "MAINLAND"}
HARMLESS: dict[str, Any] = {
    name: _WORDS.get(name, name == "lawful_source")
    for name in POLICIES.tables["negative_list"].inputs
    if name not in ("act", "mode", "purpose", "grade", "operate_claimed")
}
TABLES = {
    "load": {
        "unit": "meter",
        "units_of": "firm",
        "columns": {
            "meter": {"type": "text", "not_null": True},
            "district": {"type": "text", "uses": ["group", "filter"]},
            "kwh": {"type": "int", "uses": ["aggregate"], "bounds": [0, 5000]},
        },
    }
}


def field(impact_object: str = "ORG", impact_degree: str = "GENERAL", pi: str = "NONE") -> dict[str, Any]:
    impact = {"impact_object": impact_object, "impact_degree": impact_degree}
    return {"name": "kwh", "impacts": [impact], "pi": pi, "pi_persons": 0, "declared_as": "NONE"}


def form(domain: str, *fields: dict[str, Any], **changed: Any) -> RegistrationAsk:
    """A harmless form, apart from what is said otherwise; `attributes` are added to the harmless ones."""
    said: dict[str, Any] = {
        "title_zh": "城区用电负荷",
        "title_en": "District load",
        "summary": "Half-hourly load of firms.",
        "sector": "POWER",
        "origin": "own meters",
        "licence": "proprietary",
        "domain": domain,
        "rights": ["HOLD", "USE", "OPERATE"],
        "source_statement_sha256": digest("statement"),
        "evidence": {"collection_record": digest("collected"), "processing_record": digest("processed")},
        "tables": TABLES,
        "fingerprint": digest("file"),
        "rows": 1000,
        "fields": list(fields) or [field()],
        **changed,
        "attributes": {**HARMLESS, **changed.get("attributes", {})},
    }
    return RegistrationAsk.model_validate(said)


def supplier(market: Market, domain: str = "power") -> Caller:
    caller = market.admitted("SUPPLIER", "DATA_MERCHANT")
    market.domain(caller, domain)
    return caller


def submitted(market: Market, holder: Caller, ask: RegistrationAsk) -> Asset:
    with market.ground.writing(holder) as unit:
        return service.submit(unit, ask)


def publicised(market: Market, holder: Caller, ask: RegistrationAsk) -> Asset:
    """Accepted, formally passed, and open to objections from now."""
    asset = submitted(market, holder, ask)
    for step in (register.accept, register.pass_formal_review, register.start_publicity):
        with market.ground.writing(REGISTRAR) as unit:
            asset = step(unit, asset.id)
    return asset
