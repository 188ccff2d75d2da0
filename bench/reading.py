"""How long the analyser takes over a question: the demo's, and texts made to take long. Whatever comes, a verdict."""

# ruff: noqa: S608 - these texts are made to be refused, and none is run.

import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from statistics import median
from typing import Literal

from bench.figures import Figure, percentile
from demo.declared import SPECS
from demo.queries import ANSWERED
from policies.disclosure import Controls, Denied, analyse, load_controls
from workers.assets import Profile, controlled

MEDIAN_MS, WORST_MS = 2, 50
_ROWS = 1_000_000
_FROM = "FROM people"


def controls(mode: Literal["exact", "noise"]) -> Controls:
    """All the demo's tables, as if each had a million rows and five a unit."""
    tables = {}
    for spec in (one for domain in SPECS.values() for one in domain.tables):
        rows = None if spec.unit is None else 5
        profile = Profile(
            table=spec.table, rows=_ROWS, units=rows and _ROWS, unit_rows_max=rows, columns=(), fingerprint=""
        )
        tables[spec.table] = controlled(spec, profile).model_dump(mode="json")
    return load_controls({"tables": tables, "k_min": 5, "mode": mode})


def _deep(size: int) -> str:
    return f"SELECT count(*) AS n {_FROM} WHERE {'(' * size}site = 1{')' * size}"


def _negated(size: int) -> str:
    return f"SELECT count(*) AS n {_FROM} WHERE {'NOT ' * size}site = 1"


def _listed(size: int) -> str:
    return f"SELECT count(*) AS n {_FROM} WHERE site IN ({', '.join(str(one) for one in range(size))})"


def _digits(size: int) -> str:
    return f"SELECT count(*) AS n {_FROM} WHERE site > {'9' * size}"


def _conditions(size: int) -> str:
    return f"SELECT count(*) AS n {_FROM} WHERE {' OR '.join(f'(site = {one} AND NOT female)' for one in range(size))}"


def _sums(size: int) -> str:
    return f"SELECT {', '.join(f'sum({one + 1} * family_income) AS s{one}' for one in range(size))} {_FROM}"


def _sides(size: int) -> str:
    told = (f"sum(family_income) FILTER (WHERE age_at_entry > {one}) AS s{one}" for one in range(size))
    return f"SELECT {', '.join(told)} {_FROM}"


def _cases(size: int) -> str:
    whens = " ".join(f"WHEN age_at_entry = {one} THEN {one}" for one in range(size))
    return f"SELECT CASE {whens} ELSE 99 END AS k, count(*) AS n {_FROM} GROUP BY 1"


def _products(size: int) -> str:
    return f"SELECT sum({'(' * size}family_size{' * 1 + family_size)' * size}) AS s {_FROM}"


def _nested(size: int) -> str:
    inner = "people"
    for one in range(size):
        inner = f"(SELECT person_id, family_size FROM {inner} AS t{one})"
    return f"SELECT sum(family_size) AS s FROM {inner} AS t"


def _joined(size: int) -> str:
    joins = " ".join(f"JOIN care_years c{one} ON c{one}.person_id = p.person_id" for one in range(size))
    return f"SELECT count(*) AS n FROM people p {joins}"


def _named(size: int) -> str:
    return f'SELECT count(*) AS "{"ｎ" * size}" {_FROM}'


def _backwards(size: int) -> str:
    return "SELECT a FROM p WHERE " + "decimal( * limit " * size + "1" + ")" * size


def _marked(size: int) -> str:
    return f"SELECT count(*) AS n {_FROM} WHERE home = '{chr(0x1F600) * size}'"


HURTFUL: Mapping[str, Callable[[int], str]] = {
    "brackets": _deep, "NOTs": _negated, "a list": _listed, "digits": _digits, "conditions": _conditions,
    "sums": _sums, "FILTERs": _sides, "a CASE": _cases, "products": _products, "subqueries": _nested,
    "joins": _joined, "a long name": _named, "texts that make a parser go back": _backwards, "unicode": _marked,
}  # fmt: skip
SIZES = (3, 6, 12, 20, 39, 80, 200, 500, 1_000, 2_500, 7_900)


def demo_ms(rounds: int) -> list[float]:
    both = [controls(mode) for mode in ("exact", "noise")]
    return [median(_taken_ms(one.sql, known) for _ in range(rounds)) for known in both for one in ANSWERED]


def hurtful_ms(seed: int = 7) -> dict[str, float]:
    """Of each kind the longest; then random splices of two of them."""
    both, chance = [controls(mode) for mode in ("exact", "noise")], random.Random(seed)  # noqa: S311 - replayable
    texts = {name: [make(size) for size in SIZES] for name, make in HURTFUL.items()}
    every = [text[:8_000] for made in texts.values() for text in made]
    spliced = []
    for _ in range(400):
        one, other = chance.choice(every), chance.choice(every)
        spliced.append(one[: chance.randrange(len(one) + 1)] + other[chance.randrange(len(other) + 1) :])
    texts["splices of these"] = spliced
    # The shortest of three looks: a machine that is busy is not a text that takes long.
    return {
        name: max(min(_taken_ms(text, known) for _ in range(3)) for known in both for text in made)
        for name, made in texts.items()
    }


def figures(asked: list[float], hurtful: Mapping[str, float]) -> list[Figure]:
    middle, slowest = percentile(asked, 50), max(hurtful, key=lambda name: hurtful[name])
    worst = hurtful[slowest]
    return [
        Figure("the demo's questions, median", f"{middle:.2f} ms", f"≤ {MEDIAN_MS} ms", middle <= MEDIAN_MS),
        Figure(f"texts made to take long: {slowest}", f"{worst:.1f} ms", f"≤ {WORST_MS} ms", worst <= WORST_MS),
    ]


def _taken_ms(sql: str, known: Controls) -> float:
    began = time.perf_counter()
    with suppress(Denied):
        analyse(sql, known)
    return 1e3 * (time.perf_counter() - began)
