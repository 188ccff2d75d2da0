"""The auditor: draws noise for two tables that differ in one unit, and asks whether the claim can be upheld.

It picks the unit that changes most, the very queries buyers send, and reads off a lower bound for epsilon that holds
with near certainty. The claim is an upper bound; one above the other would be a mechanism that breaks its word.
"""

from decimal import Decimal
from fractions import Fraction
from math import log, sqrt

import numpy as np
import pytest

from policies.disclosure import Plan, release
from tests.attacks.noisy import BUYER_NRHO, QUERY_NRHO, TARGETS, Desk, K, Numbers
from workers.noise import NoiseRefused, Price, scale, thresholded

DRAWS = 10_000
DELTA = 1e-5
# A share this many deviations from its probability: by chance less often than once in 10^9.
DEVIATIONS = 6
ASKED = {
    "people": "SELECT count(*) AS n, sum(family_income) AS s FROM people",
    "loans": "SELECT sum(annual_income_usd) AS s, sum(amount_usd) AS a FROM loans WHERE grade = 'A'",
    "flights": "SELECT count(*) AS n, count(DISTINCT tail_number) AS t, sum(air_time_min) AS s FROM flights",
}


def claimed_epsilon(rho: float) -> float:
    """Of a zero-concentrated mechanism at DELTA (Bun and Steinke 2016, proposition 1.3)."""
    return rho + 2 * sqrt(rho * log(1 / DELTA))


def neighbours(table: str, at: Desk) -> tuple[Plan, list[int], list[int]]:
    """The exact numbers with everybody, and without the unit that changes them most against what one may."""
    plan, unit = at.plan(ASKED[table]), at.tables[table]["unit"]
    whole = f'(SELECT * FROM "{table}" WHERE'

    def exact(left_out: object) -> list[int]:
        sql = plan.sql.replace(whole, f"{whole} {unit} IS DISTINCT FROM $1 AND")
        assert sql != plan.sql
        return [int(cell or 0) for cell in at.truth.execute(sql, [left_out]).fetchall()[0]]

    everybody = exact(None)
    by_secret = f"SELECT {unit} FROM {table} GROUP BY 1 ORDER BY sum({TARGETS[table][1]}) FILTER (WHERE _r <= 20)"
    most = [exact(one) for (one,) in at.true(f"{by_secret} DESC LIMIT 3")]
    return plan, everybody, max(most, key=lambda other: distance(plan, everybody, other))


def distance(plan: Plan, one: list[int], other: list[int]) -> float:
    """How far apart in units of what is allowed: at most 1 a measure."""
    allowed = [measure.unit_change or 1 for measure in plan.post.measures]
    return sqrt(sum(((a - b) / most) ** 2 for a, b, most in zip(one, other, allowed, strict=True)))


def drawn(plan: Plan, exact: list[int], price: Price) -> Numbers:
    cells = price.noised(plan.post, [exact] * DRAWS).groups.values()
    return np.array(list(cells), dtype=float)


def least_epsilon(with_all: Numbers, without: Numbers) -> float:
    """The largest epsilon that some event proves: P(E | one table) - delta > e^epsilon P(E | the other)."""
    found = 0.0
    for one, other in ((with_all, without), (without, with_all)):
        for edge in np.quantile(one, np.linspace(0.02, 0.98, 49)):
            for p, q in ((np.mean(one >= edge), np.mean(other >= edge)), (np.mean(one < edge), np.mean(other < edge))):
                low = p - DEVIATIONS * sqrt(p * (1 - p) / DRAWS) - DELTA
                if low > 0:
                    found = max(found, log(low / (q + DEVIATIONS * sqrt(q * (1 - q) / DRAWS) + 1 / DRAWS)))
    return found


@pytest.mark.parametrize("table", ASKED)
def test_the_claim_is_upheld_for_the_unit_that_changes_most(table: str, noisy: Desk) -> None:
    plan, everybody, without = neighbours(table, noisy)
    moved = np.array([(a - b) / (one.unit_change or 1) ** 2
                      for a, b, one in zip(everybody, without, plan.post.measures, strict=True)])  # fmt: skip

    for rho_nrho in (QUERY_NRHO, BUYER_NRHO):
        # The likelihood ratio is a sum along the difference: no better test exists.
        samples = [drawn(plan, exact, Price(rho_nrho, 0, K)) @ moved for exact in (everybody, without)]
        found, claim = least_epsilon(*samples), claimed_epsilon(rho_nrho / 1e9)
        print(f"audit of {table} at rho {rho_nrho / 1e9}: epsilon at least {found:.2f}, claimed {claim:.2f}; "
              f"the unit moves {distance(plan, everybody, without):.2f} of {sqrt(len(everybody)):.2f}")  # fmt: skip
        assert found <= claim
    assert all(abs(a - b) <= (one.unit_change or 0)
               for a, b, one in zip(everybody, without, plan.post.measures, strict=True))  # fmt: skip


def test_the_auditor_sees_a_mechanism_with_too_little_noise(noisy: Desk) -> None:
    plan = noisy.plan("SELECT count(*) AS n FROM people")

    # A claim of 0.05 from a mechanism that draws as if it were paid 5.
    samples = [drawn(plan, [count], Price(100 * QUERY_NRHO, 0, K))[:, 0] for count in (5_912, 5_911)]

    assert least_epsilon(*samples) > claimed_epsilon(QUERY_NRHO / 1e9)


def test_a_new_key_is_told_of_no_more_often_than_delta() -> None:
    """At a delta of one in a hundred, where it can be counted: a key that one unit alone brings, at its worst."""
    reach, price = (4, 4, 4), Price(QUERY_NRHO, 10**13, 1)
    sigma = scale(4, QUERY_NRHO)

    told = len(thresholded([4] * 8_000, sigma, reach, price))

    # Keys are drawn for one by one. Four groups of the unit share delta; 6.5 deviations more.
    assert told / 8_000 <= 0.01 + 6.5 * sqrt(0.01 / 8_000)
    with pytest.raises(NoiseRefused):
        thresholded([4], sigma, reach, Price(QUERY_NRHO // 2, 10**13, 1))


@pytest.mark.parametrize("table", ASKED)
def test_intervals_hold_the_truth_as_often_as_they_say_and_numbers_lie_on_their_grid(table: str, noisy: Desk) -> None:
    plan, worlds = noisy.plan(ASKED[table]), 2_000
    exact = noisy.exact(plan).rows
    truth = [Fraction(int(cell or 0), 10**one.scale) for cell, one in zip(exact[0], plan.post.measures, strict=True)]

    answer = release(plan, exact * worlds, K, Price(QUERY_NRHO, 0, K).noised)

    for place, measure in enumerate(plan.post.measures):
        cells = [Decimal(str(row[place])) for row in answer.rows]
        assert all(cell * 10**measure.scale % 1 == 0 for cell in cells)
        ends = [row[place] for row in answer.intervals or ()]
        held = sum(end is not None and Fraction(end[0]) <= truth[place] <= Fraction(end[1]) for end in ends) / worlds
        # 6.5 deviations: by chance less often than once in 10^10.
        assert abs(held - 0.95) <= 6.5 * sqrt(0.95 * 0.05 / worlds) + 0.01
        spread = np.std(np.array([float(cell) for cell in cells]) * 10**measure.scale)
        claim = scale(measure.unit_change or 0, QUERY_NRHO // len(plan.post.measures))
        assert abs(spread / claim - 1) <= 6.5 / sqrt(2 * worlds)
