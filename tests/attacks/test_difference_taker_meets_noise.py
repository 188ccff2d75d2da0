"""The difference taker, the tracker, the averager and the hunter of extremes, where answers carry noise.

Every attack is told the table's bounds, the noise's width and how the secrets are spread, and makes the best of its
numbers; the blind one beside it knows the targets' secrets but must make one guess for all. Each success is a share of
TARGETS_A_TABLE x WORLDS = 3,000 draws of noise, so by chance it is 0.03 above its expectation, which is the blind one's
at most but for what the noise lets through (under 0.001), less often than once in ten million: the standard deviation
is under 0.0055 wherever the share is under 0.1.
"""

from collections.abc import Callable
from math import sqrt

import numpy as np
import pytest

from tests.attacks.noisy import (
    QUERY_NRHO,
    TARGETS,
    Desk,
    Numbers,
    Target,
    blind,
    score,
    sigma_of,
    targets,
    text,
    weighed,
)

TARGETS_A_TABLE, WORLDS = 12, 250
MARGIN = 0.03
Attack = Callable[[str, Target], Numbers]


def kept(table: str, at: Desk) -> int:
    return int(at.tables[table]["unit_rows_kept"] or at.tables[table]["unit_rows_max"])


def success(name: str, table: str, at: Desk, attack: Attack, noises: float) -> tuple[float, float]:
    """The better of two attackers, one who believes the estimate and one who weighs it; and the blind one."""
    _, secret, near, bound = TARGETS[table]
    chosen = targets(table, at, TARGETS_A_TABLE)
    best, guessing = blind([one.secret for one in chosen], near)
    sigma = sigma_of(bound * kept(table, at), QUERY_NRHO) * sqrt(noises)
    spread = float(at.true(f"SELECT stddev({secret}) FROM {table}")[0][0])
    hits = np.zeros(2)
    for one in chosen:
        estimates = attack(table, one)
        both = (estimates, weighed(estimates, sigma, best, spread))
        hits += [np.mean(np.abs(guess - one.secret) <= near) for guess in both]
    found = float(max(hits)) / len(chosen)
    score(name, table, found, guessing)
    return found, guessing


@pytest.mark.parametrize("table", TARGETS)
def test_the_difference_of_two_sums_is_noise(table: str, noisy: Desk) -> None:
    def difference(table: str, one: Target) -> Numbers:
        asked = f"SELECT sum({TARGETS[table][1]}) AS s FROM {table} WHERE {one.wide}"
        both = noisy.worlds(asked, WORLDS), noisy.worlds(f"{asked} AND NOT ({one.alone})", WORLDS)
        return both[0] - both[1]

    found, guessing = success("differencing", table, noisy, difference, 2)

    assert found <= guessing + MARGIN


@pytest.mark.parametrize("table", TARGETS)
def test_a_tracker_gets_no_further(table: str, noisy: Desk) -> None:
    """sum(T) = sum(C or T) + sum(not C or T) - sum(all)."""
    known, secret, _, _ = TARGETS[table]
    common = f"{known[1]} = {text(noisy.true(f'SELECT mode({known[1]}) FROM {table}')[0][0])}"
    asked = f"SELECT sum({secret}) AS s FROM {table}"
    everything = noisy.worlds(asked, WORLDS)

    def tracked(table: str, one: Target) -> Numbers:
        parts = [noisy.worlds(f"{asked} WHERE ({one.alone}) OR {side}", WORLDS) for side in (common, f"NOT ({common})")]
        return parts[0] + parts[1] - everything

    found, guessing = success("tracker", table, noisy, tracked, 3)

    assert found <= guessing + MARGIN


@pytest.mark.parametrize("table", TARGETS)
def test_who_is_singled_out_is_answered_for_and_stays_unknown(table: str, noisy: Desk) -> None:
    def alone(table: str, one: Target) -> Numbers:
        return noisy.worlds(f"SELECT sum({TARGETS[table][1]}) AS s FROM {table} WHERE {one.alone}", WORLDS)

    found, guessing = success("singling out by a condition", table, noisy, alone, 1)

    assert found <= guessing + MARGIN


@pytest.mark.parametrize("table", TARGETS)
def test_no_key_of_one_unit_is_told_of(table: str, noisy: Desk) -> None:
    """A key of one unit passes the threshold less often than once in 10^9 answers; that is what delta says."""
    keys = ", ".join(TARGETS[table][0])
    rows = {row[:-1]: row[-1] for row in noisy.true(f"SELECT {keys}, count(*) FROM {table} GROUP BY {keys}")}

    told = noisy.answer(f"SELECT {keys}, count(*) AS n FROM {table} GROUP BY {keys}").rows

    alone = [row for row in told if rows[row[:-1]] <= 1]
    score("singling out by keys", table, len(alone) / max(1, len(told)), 0.0)
    assert alone == []


REWRITES = (
    "SELECT sum({0}) AS s FROM {1}", "select SUM({0}) as other from {1}", "SELECT sum(t.{0}) AS s FROM {1} AS t",
    "SELECT (sum({0})) AS s FROM {1} -- again", "WITH w AS (SELECT {2}, {0} AS x FROM {1}) SELECT sum(x) AS s FROM w",
)  # fmt: skip


@pytest.mark.parametrize("table", TARGETS)
def test_the_averager_who_pays_for_every_rewrite_has_spent_all_before_it_knows_anything(
    table: str, noisy: Desk
) -> None:
    """Other words with the same meaning bring the stored numbers. Other meanings are paid for: what a buyer can pay
    for in all is worth one answer at the whole of its budget, and that is what the averager is given here."""
    secret = TARGETS[table][1]
    unit = noisy.tables[table]["unit"]
    keys = {noisy.plan(one.format(secret, table, unit)).meaning_key for one in REWRITES[:4]}

    def averaged(table: str, one: Target) -> Numbers:
        return noisy.worlds(f"SELECT sum({secret}) AS s FROM {table} WHERE {one.alone}", WORLDS, 20 * QUERY_NRHO)

    found, guessing = success("averaging twenty paid answers", table, noisy, averaged, 1 / 20)

    assert len(keys) == 1
    assert found <= guessing + MARGIN


EXTREMES = {
    "people": ("coinsurance_pct, age_at_entry", "family_income"),
    "loans": ("state, purpose", "paid_interest_usd"),
    "flights": ("carrier, dest", "arr_delay_min"),
}


@pytest.mark.parametrize("table", EXTREMES)
def test_the_sum_that_one_unit_makes_is_not_that_units(table: str, noisy: Desk) -> None:
    """The hunter knows where one unit holds at least seven tenths of a sum, asks for it, and takes it for that unit's
    to within a twentieth. The blind one makes its one best guess."""
    keys, secret = EXTREMES[table]
    unit = noisy.tables[table]["unit"]
    first, second = keys.split(", ")
    by_unit = f"SELECT {keys}, {unit}, sum(greatest({secret}, 0)) AS s FROM {table} GROUP BY ALL"
    made = "max(s) > 0 AND max(s) >= 0.7 * sum(s)"
    cells = noisy.true(f"SELECT {keys}, max(s) FROM ({by_unit}) GROUP BY {keys} HAVING {made} ORDER BY ALL")
    chosen = cells[:: max(1, len(cells) // TARGETS_A_TABLE)][:TARGETS_A_TABLE]
    largest = np.array([float(row[2]) for row in chosen])

    hits = [
        np.mean(np.abs(noisy.worlds(asked, WORLDS) - most) <= most / 20)
        for asked, most in zip(
            (f"SELECT sum({secret}) AS s FROM {table} WHERE {first} = {text(a)} AND {second} = {text(b)}"
             for a, b, _ in chosen), largest, strict=True)
    ]  # fmt: skip

    guessing = max(float(np.mean(np.abs(guess - largest) <= largest / 20)) for guess in largest)
    score("extreme value", table, float(np.mean(hits)), guessing)
    assert np.mean(hits) <= guessing + MARGIN
