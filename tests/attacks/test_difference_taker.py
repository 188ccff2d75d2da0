"""The difference taker: two large groups that differ in one unit, asked one after the other, or by ten buyers at once.

Exact mode promises that no cell covers fewer than k units. It does not promise more, and the scores printed here
(`pytest -s`) are what docs/security.md says of it.
"""

import random
from collections.abc import Iterator
from itertools import pairwise
from statistics import median

import pytest

from tests.attacks.desk import NOT_STOPPED, Desk, K, opened, score, text

TARGETS = 15
CASES = {
    # table: its domain, what the attacker knows of a target, what it wants to know, how near is near enough
    "people": ("health", ("site", "coinsurance_pct", "age_at_entry"), "family_income", 50),
    "loans": ("finance", ("state", "purpose", "grade", "home"), "annual_income_usd", 500),
}


@pytest.fixture(scope="module", params=list(CASES))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Desk]]:
    desk = opened(CASES[request.param][0], tmp_path_factory.mktemp("differences"))
    yield request.param, desk
    desk.engine.__exit__()


def targets(table: str, desk: Desk) -> list[tuple[str, str, float]]:
    """Units alone with what is known of them: a wide condition, the exact one, and the secret."""
    _, known, secret, _ = CASES[table]
    keys = ", ".join(known)
    found = desk.true(
        f"SELECT {keys}, any_value({secret}) FROM {table} GROUP BY {keys} HAVING count(*) = 1 ORDER BY ALL"
    )
    picked = random.Random(3).sample(found, TARGETS)  # noqa: S311 - a fixed choice, not a secret
    return [
        (
            f"{known[0]} = {text(row[0])}",
            " AND ".join(f"{name} = {text(value)}" for name, value in zip(known, row, strict=False)),
            float(row[-1]),
        )
        for row in picked
    ]


def blind(table: str, desk: Desk, wanted: list[tuple[str, str, float]]) -> float:
    _, _, secret, near = CASES[table]
    guess = median(float(row[0]) for row in desk.true(f"SELECT {secret} FROM {table}"))
    return sum(abs(guess - told) <= near for _, _, told in wanted) / len(wanted)


def test_the_target_alone_is_never_a_cell(case: tuple[str, Desk]) -> None:
    table, desk = case

    for _, alone, _ in targets(table, desk):
        answer = desk.ask(f"SELECT count(*) AS n, sum({CASES[table][2]}) AS s FROM {table} WHERE {alone}")
        assert answer is None or answer.rows == ()


def test_the_difference_of_two_large_sums(case: tuple[str, Desk]) -> None:
    table, desk = case
    _, _, secret, near = CASES[table]
    hits = []
    for wide, alone, told in targets(table, desk):
        asked = f"SELECT count(*) AS n, sum({secret}) AS s FROM {table} WHERE {wide}"
        both = desk.number(asked), desk.number(f"{asked} AND NOT ({alone})")
        hits.append(None not in both and abs((both[0] or 0) - (both[1] or 0) - told) <= near)

    assert score("differencing", table, hits, blind(table, desk, targets(table, desk))) >= NOT_STOPPED


def test_a_tracker_asks_around_the_target(case: tuple[str, Desk]) -> None:
    """sum(C) = sum(C or T) + sum(C or not T) - sum(all), with every one of the three over large groups."""
    table, desk = case
    _, known, secret, near = CASES[table]
    tracker = f"{known[1]} = {text(desk.true(f'SELECT mode({known[1]}) FROM {table}')[0][0])}"
    asked = f"SELECT count(*) AS n, sum({secret}) AS s FROM {table}"
    everything = desk.number(asked)
    hits = []
    for _, alone, told in targets(table, desk):
        parts = [desk.number(f"{asked} WHERE ({alone}) OR {one}") for one in (f"({tracker})", f"NOT ({tracker})")]
        known_all = None not in parts and everything is not None
        hits.append(known_all and abs(sum(part or 0 for part in parts) - (everything or 0) - told) <= near)

    assert score("tracker", table, hits, blind(table, desk, targets(table, desk))) >= NOT_STOPPED


def test_averaging_over_rewrites_gains_nothing_where_there_is_no_noise(case: tuple[str, Desk]) -> None:
    table, desk = case
    secret = CASES[table][2]
    true = float(desk.true(f"SELECT sum({secret}) FROM {table}")[0][0])
    rewrites = [
        f"sum({secret})", f"sum({secret} * 2) / 2", f"sum({secret} * 5) / 5", f"sum(3 * {secret}) / 3",
        f"avg({secret}) * count(*)", f"sum({secret} + 1) - count(*)", f"-sum(0 - {secret})",
    ]  # fmt: skip
    told = [desk.number(f"SELECT count(*) AS n, {one} AS s FROM {table}") for one in rewrites]
    answers = [one for one in told if one is not None]
    average = sum(answers) / len(answers)

    score("averaging", table, [abs(average - true) < abs(one - true) for one in answers], 0.5)
    assert len(answers) == len(rewrites)


def test_ten_buyers_put_their_answers_together(case: tuple[str, Desk]) -> None:
    """Each asks a tenth of the thresholds; neighbours subtracted are the small cells that nobody was given."""
    table, desk = case
    column, where = {"people": ("age_at_entry", "site = 4"), "loans": ("amount_usd", "state = 'OR'")}[table]
    steps = [row[0] for row in desk.true(f"SELECT DISTINCT {column} FROM {table} WHERE {where} ORDER BY 1")][:60]
    asked = f"SELECT count(*) AS n FROM {table} WHERE {where} AND {column}"
    buyers = [steps[number::10] for number in range(10)]
    counts = {step: desk.number(f"{asked} >= {step}") for buyer in buyers for step in buyer}
    hits, ones = [], []
    for low, high in pairwise(steps):
        true = desk.true(f"{asked} >= {low} AND {column} < {high}")[0][0]
        if 0 < true < K:
            hits.append(counts[low] is not None and (counts[low] or 0) - (counts[high] or 0) == true)
            ones.append(true == 1)

    assert score("collusion of ten", table, hits, sum(ones) / len(ones)) >= NOT_STOPPED
    assert all(count is None or count >= K for count in counts.values())
