"""The made-up clinic of the development cases: controls, small tables with a fixed seed, and a query's whole way."""

import random
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from policies.disclosure import Controls, Plan, Released, analyse, load_controls, release

K = 5
CASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text())


def controls(mode: str = "exact", k_min: int = K) -> Controls:
    return load_controls({"tables": CASES["tables"], "k_min": k_min, "mode": mode})


@cache
def tables() -> duckdb.DuckDBPyConnection:
    """400 patients with 0 to 8 visits each; one of them, number 17, is alone in being born in 1931 in region R3."""
    chance = random.Random(7)  # noqa: S311 - a fixed table, not a secret
    data = duckdb.connect()
    data.execute(
        "CREATE TABLE patients (patient_id INT, sex TEXT, birth_year INT, region TEXT, income INT, bmi DOUBLE, "
        "postcode TEXT, ssn_hash TEXT, hiv BOOL, name TEXT)"
    )
    data.execute(
        "CREATE TABLE visits (visit_id INT, patient_id INT, visit_date DATE, department TEXT, cost DOUBLE, "
        "diagnosis TEXT, note TEXT)"
    )
    people: list[tuple[Any, ...]] = []
    visits: list[tuple[Any, ...]] = []
    for number in range(1, 401):
        alone = number == 17
        people.append(
            (
                number, chance.choice("FM"), 1931 if alone else chance.randrange(1940, 2005),
                "R3" if alone else f"R{chance.randrange(1, 5)}", None if number % 9 == 0 else chance.randrange(500_000),
                None if number % 7 == 0 else round(chance.uniform(15, 45), 1), chance.choice(["1000", "1010", "1020"]),
                f"s{number}", number % 50 == 0, f"n{number}",
            )
        )  # fmt: skip
        for _ in range(chance.randrange(9)):
            day = date(2023, 6, 1) + timedelta(days=chance.randrange(500))
            cost = round(chance.uniform(0, 20_000), 2)
            place, sign = chance.choice("ABC"), chance.choice(["J45", "I10", None])
            visits.append((len(visits), number, day, place, cost, sign, "note"))
    data.executemany("INSERT INTO patients VALUES (?,?,?,?,?,?,?,?,?,?)", people)
    data.executemany("INSERT INTO visits VALUES (?,?,?,?,?,?,?)", visits)
    # As a domain prepares them: each unit's rows ranked by chance.
    data.execute("CREATE OR REPLACE TABLE patients AS SELECT *, 1 AS _r FROM patients")
    ranked = "row_number() OVER (PARTITION BY patient_id ORDER BY md5(visit_id::VARCHAR)) AS _r"
    data.execute(f"CREATE OR REPLACE TABLE visits AS SELECT *, {ranked} FROM visits")
    data.execute("CREATE TABLE regions AS SELECT 'R' || i AS region, 'C' || (i % 2) AS country, 1000 * i AS population "
                 "FROM range(1, 5) t(i)")  # fmt: skip
    data.execute("CREATE TABLE companies AS SELECT i AS company_id, 'R1' AS region, i AS turnover FROM range(9) t(i)")
    return data


def rows_of(plan: Plan) -> list[tuple[Any, ...]]:
    return tables().execute(plan.sql).fetchall()


def ask(sql: str, k_min: int = K) -> Released:
    """Analyse, run, release."""
    plan = analyse(sql, controls(k_min=k_min))
    return release(plan, rows_of(plan), k_min)


def naive(sql: str) -> list[tuple[Any, ...]]:
    """What the buyer's own text would have returned, had it ever been run."""
    return tables().execute(sql).fetchall()
