"""What the demo's providers and buyers write into the exchange's forms."""

import json
from pathlib import Path
from typing import Any

from demo.declared import DomainSpec
from demo.people import sha256

PURPOSES = {
    "health": "HEALTH_RESEARCH",
    "power": "POWER_OPERATION",
    "finance": "FIN_RISK",
    "logistics": "LOGISTICS_OPT",
}
PRICES: dict[str, dict[str, Any]] = {
    "health": {"model": "P1", "price_fen": 160_850},
    "power": {"model": "P2", "unit_micro_yuan": 500_000},
    "finance": {"model": "P11", "price_fen": 600_001, "quote_digest": sha256("negotiated")},
    "logistics": {"model": "P1", "price_fen": 50_000},
}
TERRITORY = "CN-HB"
HARMLESS = {
    "intended_use": "ORDINARY",
    "pi": "NONE",
    "state_secret": False,
    "endangers_public": False,
    "lawful_source": True,
    "pi_authorised": False,
    "separate_consent": False,
    "under_14": False,
    "guardian_consent": False,
    "public_status": "NOT_PUBLIC",
    "human_genetic": False,
    "research_at_cost": False,
    "express_user_info": False,
    "respondent_identifiable": False,
    "credit_barred_content": False,
    "credit_query": False,
    "credit_consent": False,
    "ownership_disputed": False,
    "onward_forbidden": False,
    "risk_assessed": False,
    "place": "MAINLAND",
    "public_place_identity": False,
    "sector_list_barred": False,
    "health_data": False,
    "survey_uncleared": False,
}


def registration(spec: DomainSpec, prepared: dict[str, Any]) -> dict[str, Any]:
    """The form for a domain's set: only profiles and declarations of the data, never the data."""
    tables, profiles = prepared["tables"], prepared["profiles"]
    return {
        "title_zh": spec.title_zh,
        "title_en": spec.title_en,
        "summary": f"{spec.title_en}: {len(tables)} tables, prepared and profiled inside the domain.",
        "sector": spec.domain.upper(),
        "origin": spec.origin,
        "licence": spec.licence,
        "domain": spec.domain,
        "rights": ["HOLD", "USE", "OPERATE"],
        "source_statement_sha256": sha256(spec.origin),
        "evidence": {"collection_record": sha256(spec.origin), "processing_record": sha256(spec.title_en)},
        "tables": tables,
        "fingerprint": sha256(json.dumps([one["fingerprint"] for one in profiles.values()])),
        "rows": sum(one["rows"] for one in profiles.values()),
        "fields": [field(f"{table}.{column}") for table in tables for column in tables[table]["columns"]],
        "attributes": HARMLESS,
    }


def field(name: str, impact_object: str = "PERSON", impact_degree: str = "GENERAL") -> dict[str, Any]:
    """The impact of one field. These are published research data: general harm to persons or firms at most, so G2."""
    impact = {"impact_object": impact_object, "impact_degree": impact_degree}
    return {"name": name, "impacts": [impact], "pi": "NONE", "pi_persons": 0, "declared_as": "NONE"}


def core_asset(form: dict[str, Any]) -> dict[str, Any]:
    """What a power supplier may not register: its dispatch topology (rulebook S05)."""
    return {
        **form,
        "title_zh": "省级电网调度拓扑",
        "title_en": "Provincial dispatch topology",
        "fingerprint": sha256("provincial dispatch topology"),
        "fields": [field("line", "NATIONAL_SECURITY", "SERIOUS")],
    }


def terms(domain: str, now_s: int) -> dict[str, Any]:
    """The licence template of a domain, and what its buyer asks for: exactly that."""
    return {
        "purposes": [PURPOSES[domain]],
        "territories": [TERRITORY],
        "modes": ["M6"],
        "valid_from_s": now_s - 40 * 86_400,
        "valid_to_s": now_s + 365 * 86_400,
        "jobs_max": 5_000,
        "price": PRICES[domain],
        "split_template": "T1",
        "onward": "NONE",
        "derived_right": "INTERNAL",
        "retention_days": 365,
        "contract_type": "PROVISION",
    }


def order(licence_id: str, domain: str, sql: str, *, purpose: str | None = None) -> dict[str, Any]:
    return {
        "licence_id": licence_id,
        "computation": {"kind": "sql", "sql": sql},
        "purpose": purpose or PURPOSES[domain],
        "territory": TERRITORY,
    }


def written(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value))
    return path
