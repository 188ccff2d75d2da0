"""A made-up bank: borrowers, their loans, firms and public places; controls and small tables with a fixed seed."""

import random
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from policies.disclosure import Controls, load_controls

K = 5
BANK: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "bank.yaml").read_text())


@cache
def controls(mode: str = "exact") -> Controls:
    return load_controls({"tables": BANK["tables"], "k_min": K, "mode": mode})


@cache
def tables() -> duckdb.DuckDBPyConnection:
    """300 borrowers with up to 7 loans each; nothing in them is anybody's."""
    chance = random.Random(11)  # noqa: S311 - a fixed table, not a secret
    data = duckdb.connect()
    data.execute(
        "CREATE TABLE borrowers (borrower_id INT, gender TEXT, born DATE, city TEXT, score INT, income INT, "
        "debt DOUBLE, employer TEXT, active BOOL, id_hash TEXT, phone TEXT)"
    )
    data.execute(
        "CREATE TABLE loans (loan_id INT, borrower_id INT, opened DATE, product TEXT, amount INT, rate DOUBLE, "
        "months INT, status TEXT, closed DATE, memo TEXT)"
    )
    people, loans = [], list[tuple[Any, ...]]()
    for one in range(300):
        score = None if one % 11 == 0 else chance.randrange(300, 851)
        debt = None if one % 7 == 0 else round(chance.uniform(-1000, 250_000), 2)
        people.append(
            (one, chance.choice("FM"), _day(chance, 1950, 50), chance.choice("ABCD"), score, chance.randrange(10**6),
             debt, chance.choice(["State Grid", "Mill"]), chance.random() < 0.6, f"h{one}", f"p{one}")
        )  # fmt: skip
        for _ in range(chance.randrange(8)):
            closed = None if chance.random() < 0.5 else _day(chance, 2023, 2)
            loans.append(
                (len(loans), one, _day(chance, 2021, 4), chance.choice(["car", "home", "shop"]),
                 chance.randrange(100_000), round(chance.uniform(0, 0.4), 3), chance.choice([6, 10, 12, 24, 60]),
                 chance.choice(["open", "late", None]), closed, "memo")
            )  # fmt: skip
    data.executemany(f"INSERT INTO borrowers VALUES ({', '.join('?' * 11)})", people)
    data.executemany(f"INSERT INTO loans VALUES ({', '.join('?' * 10)})", loans)
    letter = "chr(65 + CAST(i % 4 AS INT))"
    data.execute(
        f"CREATE TABLE cities AS SELECT {letter} AS city, 'P' || (i % 2) AS province, 100000 * i AS people "
        "FROM range(4) t(i)"
    )
    data.execute("CREATE TABLE provinces AS SELECT 'P' || i AS province, 'north' AS area FROM range(2) t(i)")
    data.execute("CREATE TABLE products AS SELECT 'car' AS product, i AS edition, 'x' AS family FROM range(1, 4) t(i)")
    data.execute(f"CREATE TABLE firms AS SELECT i AS firm_id, {letter} AS city, i * 9 AS turnover FROM range(60) t(i)")
    data.execute(
        "CREATE TABLE days AS SELECT DATE '2021-01-01' + CAST(i AS INT) AS day, i % 7 = 0 AS holiday "
        "FROM range(2000) t(i)"
    )
    return data


def _day(chance: random.Random, first: int, years: int) -> date:
    return date(first, 1, 1) + timedelta(days=chance.randrange(365 * years))
