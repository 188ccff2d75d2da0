"""Three real tables of grade G3, as a buyer meets them where answers carry noise, in one domain of one market.

An attacker asks through the public API or, at its best case, of the domain's own code (`Desk`): plan, jail and noise
are the product's; only nobody counts the budget, and one question can be asked in many worlds, each with its own noise.
What is true is read past the rules, only to keep the score.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from math import sqrt
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from demo.declared import FINANCE, HEALTH, LOGISTICS, DomainSpec
from demo.sets import write_sources
from policies.disclosure import Plan, Released, analyse, load_controls, release
from policies.disclosure.errors import QUERY_DELTA_E15
from workers.assets import controlled
from workers.engines import Answered, Engine, Limits
from workers.engines.duckdb import DuckDb
from workers.noise import Price
from workers.onboarding import prepare

Numbers = NDArray[np.float64]
K = 10
# What the controls table allows at G3, for a query, a buyer and all buyers.
QUERY_NRHO, BUYER_NRHO, VERSION_NRHO = 50_000_000, 1_000_000_000, 2_000_000_000
FLIGHTS_KEPT = 20
AIRCRAFT_ONE_IN = 16
_FLIGHTS = LOGISTICS.tables[0].model_copy(update={"unit_rows_kept": FLIGHTS_KEPT})
SPEC: DomainSpec = HEALTH.model_copy(update={"tables": (HEALTH.tables[0], FINANCE.tables[0], _FLIGHTS)})
_FROM = {"people": "health", "loans": "finance", "flights": "logistics"}
# table: what the attacker knows of a target, the secret, how near a guess has to come, how far the secret can reach
TARGETS: Mapping[str, tuple[tuple[str, ...], str, int, int]] = {
    "people": (("site", "coinsurance_pct", "age_at_entry"), "family_income", 50, 30_000),
    "loans": (("state", "purpose", "grade", "home"), "annual_income_usd", 500, 2_500_000),
    "flights": (("dest", "origin", "carrier", "hour"), "air_time_min", 2, 900),
}


def sources(folder: Path) -> Mapping[str, Path]:
    """Of the flights one aircraft in sixteen, with all that it flew."""
    written = {table: write_sources(domain, folder / domain)[table] for table, domain in _FROM.items()}
    fewer = folder / "flights.parquet"
    with duckdb.connect() as connection:
        some = f"SELECT * FROM '{written['flights']}' WHERE hash(tail_number) % {AIRCRAFT_ONE_IN} = 0"
        connection.execute(f"COPY ({some} AND tail_number NOT LIKE 'none-%') TO '{fewer}'")
    return {**written, "flights": fewer}


@dataclass(frozen=True, slots=True)
class Desk:
    """The domain's own code, asked as often as one likes."""

    engine: Engine
    tables: Mapping[str, Any]
    truth: duckdb.DuckDBPyConnection
    known: dict[str, Answered] = field(default_factory=dict)

    def plan(self, sql: str) -> Plan:
        return analyse(sql, load_controls({"tables": self.tables, "k_min": K, "mode": "noise"}))

    def exact(self, plan: Plan) -> Answered:
        """What stays inside the domain. It is the same in every world, so it is computed once."""
        if plan.sql not in self.known:
            self.known[plan.sql] = self.engine.run(plan.sql, frozenset(plan.tables))
        return self.known[plan.sql]

    def worlds(self, sql: str, count: int, rho_nrho: int = QUERY_NRHO) -> Numbers:
        """The one number of an answer without keys, as the mechanism draws it in so many worlds."""
        plan = self.plan(sql)
        (measure,) = plan.post.measures
        ((exact,),) = self.exact(plan).rows
        drawn = Price(rho_nrho, 0, K).noised(plan.post, [[int(exact or 0)]] * count)
        return np.array([cell for (cell,) in drawn.groups.values()], dtype=float) / float(10**measure.scale)

    def answer(self, sql: str, rho_nrho: int = QUERY_NRHO) -> Released:
        plan = self.plan(sql)
        return release(plan, self.exact(plan).rows, K, Price(rho_nrho, QUERY_DELTA_E15, K).noised)

    def true(self, sql: str) -> list[tuple[Any, ...]]:
        return self.truth.execute(sql).fetchall()


@contextmanager
def desk(written: Mapping[str, Path], home: Path) -> Iterator[Desk]:
    home.chmod(0o755)
    profiles = {one.table: prepare(written[one.table], one, home / "data") for one in SPEC.tables}
    tables = {one.table: controlled(one, profiles[one.table]).model_dump(mode="json") for one in SPEC.tables}
    files = {table: home / "data" / f"{table}.parquet" for table in tables}
    limits = Limits(wall_s=20, cpu_s=20, memory_bytes=1 << 30, output_bytes=1 << 20, rows_max=5_000)
    with duckdb.connect() as truth, DuckDb(files, limits) as engine:
        for table, file in files.items():
            truth.execute(f"CREATE VIEW {table} AS FROM read_parquet('{file}')")
        yield Desk(engine, tables, truth)


@dataclass(frozen=True, slots=True)
class Target:
    """One unit that is alone with what is known of it."""

    wide: str
    alone: str
    row: tuple[Any, ...]
    secret: float


def targets(table: str, at: Desk, count: int) -> list[Target]:
    """A fixed choice among those who are alone: every n-th."""
    known, secret, _, _ = TARGETS[table]
    keys = ", ".join(known)
    found = at.true(
        f"SELECT {keys}, any_value({secret}) FROM {table} GROUP BY ALL HAVING count(*) = 1 "
        f"AND any_value({secret}) IS NOT NULL ORDER BY ALL"
    )
    return [
        Target(
            f"{known[0]} = {text(row[0])}",
            " AND ".join(f"{name} = {text(value)}" for name, value in zip(known, row, strict=False)),
            row[:-1],
            float(row[-1]),
        )
        for row in found[:: max(1, len(found) // count)][:count]
    ]


def blind(secrets: Sequence[float], near: float) -> tuple[float, float]:
    """The one guess for everybody that is right most often, and how often: it knows all secrets, asks nothing."""
    rates = {guess: sum(abs(guess - one) <= near for one in secrets) / len(secrets) for guess in sorted(secrets)}
    best = max(rates, key=lambda guess: rates[guess])
    return best, rates[best]


def weighed(estimates: Numbers, sigma: float, guess: float, spread: float) -> Numbers:
    """What one who knows the spread of the secrets and the blind one's guess makes of estimates this noisy."""
    return guess + (estimates - guess) * spread**2 / (spread**2 + sigma**2)


def score(attack: str, table: str, success: float, guessing: float) -> None:
    print(f"{attack} on {table}: success {success:.3f}, blind {guessing:.3f}")


def auc(inside: Numbers, outside: Numbers) -> float:
    """How often one who is in the table scores higher than one who is not."""
    _, place, often = np.unique(np.concatenate([inside, outside]), return_inverse=True, return_counts=True)
    # Equal scores share the middle of their ranks.
    rank = (np.cumsum(often) - (often - 1) / 2)[place]
    return float((rank[: len(inside)].sum() - len(inside) * (len(inside) + 1) / 2) / (len(inside) * len(outside)))


def sigma_of(change: float, rho_nrho: int) -> float:
    return change / sqrt(2 * rho_nrho / 1e9)


def text(value: object) -> str:
    """A value as a literal."""
    return str(value) if isinstance(value, int | bool | Decimal) else "'" + str(value).replace("'", "''") + "'"
