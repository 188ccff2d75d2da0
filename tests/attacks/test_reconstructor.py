"""The reconstructor: many random subsets, then arithmetic. And the one who only asks whether somebody is in the table.

Asserts what exact mode promises, that each cell covers at least k units, and prints how far the arithmetic came.
"""

import random
from collections.abc import Iterator

import pytest

from tests.attacks.desk import NOT_STOPPED, Desk, K, opened, score, text

QUERIES_PER_UNKNOWN = 2


@pytest.fixture(scope="module", params=["health", "finance"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Desk]]:
    opened_desk = opened(request.param, tmp_path_factory.mktemp("subsets"))
    yield request.param, opened_desk
    opened_desk.engine.__exit__()


def solved(rows: list[list[float]], told: list[float], ridge: float = 1e-6) -> list[float]:
    """Least squares by the normal equations and Gauss's elimination."""
    size = len(rows[0])
    left = [[sum(row[i] * row[j] for row in rows) + ridge * (i == j) for j in range(size)] for i in range(size)]
    right = [sum(row[i] * one for row, one in zip(rows, told, strict=True)) for i in range(size)]
    for pivot in range(size):
        best = max(range(pivot, size), key=lambda row, column=pivot: abs(left[row][column]))
        left[pivot], left[best], right[pivot], right[best] = left[best], left[pivot], right[best], right[pivot]
        for row in range(pivot + 1, size):
            factor = left[row][pivot] / left[pivot][pivot]
            right[row] -= factor * right[pivot]
            left[row] = [a - factor * b for a, b in zip(left[row], left[pivot], strict=True)]
    found = [0.0] * size
    for row in reversed(range(size)):
        rest = sum(left[row][column] * found[column] for column in range(row + 1, size))
        found[row] = (right[row] - rest) / left[row][row]
    return found


# domain: the table, the people asked about, the column that tells them apart, the secret
SECRETS = {
    "health": ("people", "site = 4", "age_at_entry", "female"),
    "finance": ("loans", "purpose = 'credit_card'", "state", "home = 'own'"),
}


def test_random_subsets_and_least_squares(desk: tuple[str, Desk]) -> None:
    domain, buyer = desk
    table, asked_of, cell, secret = SECRETS[domain]
    chance = random.Random(11)  # noqa: S311 - a fixed choice, not a secret
    true = {row[0]: (row[1], row[2]) for row in buyer.true(
        f"SELECT {cell}, count(*), count(*) FILTER (WHERE {secret}) FROM {table} WHERE {asked_of} GROUP BY 1 ORDER BY 1"
    )}  # fmt: skip
    cells, rows, told = list(true), [], []
    for _ in range(QUERIES_PER_UNKNOWN * len(cells)):
        chosen = chance.sample(cells, min(50, len(cells) // 2))
        listed = ", ".join(text(one) for one in chosen)
        where = f"WHERE {asked_of} AND {cell} IN ({listed}) AND {secret}"
        count = buyer.number(f"SELECT count(*) AS n FROM {table} {where}")
        if count is not None:
            rows.append([float(one in chosen) for one in cells])
            told.append(count)
    estimates = dict(zip(cells, solved(rows, told), strict=True)) if rows else {}

    # What no answer ever shows: a cell in which fewer than k have the secret.
    small = {one: counts[1] for one, counts in true.items() if 0 < counts[1] < K}
    hits = [one in estimates and round(estimates[one]) == count for one, count in small.items()]
    blind = max(list(small.values()).count(guess) for guess in range(1, K)) / len(small)
    assert score("reconstruction of cells below k", table, hits, blind) >= NOT_STOPPED
    assert all(count >= K for count in told)


def test_whether_somebody_is_in_the_table(desk: tuple[str, Desk]) -> None:
    """Half the targets are in it and half are not; one who is never asked about is a coin's toss."""
    domain, buyer = desk
    table = SECRETS[domain][0]
    known = {"people": ("site", "age_at_entry", "coinsurance_pct"), "loans": ("state", "purpose", "grade")}[table]
    keys = ", ".join(known)
    everybody = {
        row[:-1]: row[-1] for row in buyer.true(f"SELECT {keys}, count(*) FROM {table} GROUP BY {keys} ORDER BY ALL")
    }
    parts = [sorted({one[place] for one in everybody}) for place in range(3)]
    chance = random.Random(5)  # noqa: S311 - a fixed choice, not a secret
    inside = chance.sample([one for one, count in everybody.items() if count == 1], 10)
    outside: list[tuple[object, ...]] = []
    while len(outside) < 10:
        one = tuple(chance.choice(part) for part in parts)
        outside += [one] if one not in everybody else []
    hits = []
    for one, member in [*((one, True) for one in inside), *((one, False) for one in outside)]:
        alone = " AND ".join(f"{name} = {text(value)}" for name, value in zip(known, one, strict=True))
        wide = f"SELECT count(*) AS n FROM {table} WHERE {known[0]} = {text(one[0])}"
        direct = buyer.ask(f"SELECT count(*) AS n FROM {table} WHERE {alone}")
        assert direct is not None
        assert direct.rows == ()
        both = buyer.number(wide), buyer.number(f"{wide} AND NOT ({alone})")
        hits.append((None not in both and both[0] != both[1]) is member)

    assert score("membership", table, hits, 0.5) >= NOT_STOPPED
