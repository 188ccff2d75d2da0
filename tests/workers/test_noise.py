"""Noise as it is drawn: what it costs by OpenDP's own word, how wide it is, and which keys it lets be told of.

Randomness is the system's, so these tests may fail by chance: each less often than once in a thousand million runs.
"""

from math import sqrt

import pytest

from policies.disclosure import analyse, load_controls
from policies.disclosure.plan import Plan
from workers.noise import NRHO, NoiseRefused, Price, gaussian, scale, thresholded

TABLE = {
    "unit": "person", "units_of": "person", "unit_rows_max": 4,
    "columns": {
        "person": {"type": "int"},
        "town": {"type": "text", "uses": ["group", "filter"]},
        "spent": {"type": "number", "bounds": [0, 100], "uses": ["aggregate", "filter"]},
    },
}  # fmt: skip
PRICE = Price(rho_nrho=50_000_000, delta_e15=1_000_000, rows_min=10)


def plan(sql: str) -> Plan:
    return analyse(sql, load_controls({"tables": {"bills": TABLE}, "mode": "noise"}))


def test_the_noise_has_the_width_its_price_pays_for() -> None:
    sigma = scale(4, 25_000_000)
    drawn = gaussian([1_000] * 40_000, sigma)

    assert sigma == pytest.approx(4 / sqrt(2 * 0.025))
    mean = sum(drawn) / len(drawn) - 1_000
    spread = sqrt(sum((one - 1_000) ** 2 for one in drawn) / len(drawn))
    assert abs(mean) < 6.5 * sigma / sqrt(len(drawn))
    assert abs(spread / sigma - 1) < 6.5 / sqrt(2 * len(drawn))


def test_noisy_numbers_of_neighbours_are_told_apart_no_better_than_the_price_says() -> None:
    """An event's log odds between neighbours stay within epsilon; rho of 0.05 is at most epsilon 1.47 at delta 1e-4."""
    sigma, trials = scale(1, 50_000_000), 40_000
    one, other = gaussian([10] * trials, sigma), gaussian([11] * trials, sigma)

    for threshold in range(-5, 30, 3):
        p, q = (sum(cell > threshold for cell in cells) / trials for cells in (one, other))
        assert p <= q * 4.35 + 1e-4 + 0.04


def test_a_key_of_one_person_is_never_told_of_and_a_large_one_is() -> None:
    told = [
        thresholded([4, 100_000], scale(4, 25_000_000), (4, 4, 4), Price(25_000_000, 1_000_000, 10)) for _ in range(200)
    ]

    assert all(set(one) == {1} for one in told)


def test_the_floor_holds_where_delta_would_allow_less() -> None:
    price = Price(NRHO * 100, 10**14, 5_000)

    assert thresholded([4_000, 6_000], scale(1, NRHO * 100), (1, 1, 1), price).keys() == {1}


def test_an_answer_has_noise_on_every_measure_and_says_how_wide() -> None:
    asked = plan("SELECT town, sum(spent) AS s FROM bills GROUP BY town")
    exact = [[50_000, 200_000_000], [1, 50]]

    noisy = PRICE.noised(asked.post, exact)

    assert set(noisy.groups) == {0}
    rows, total = noisy.groups[0]
    assert abs(rows - 50_000) < 12 * noisy.spreads[0]
    assert 0 < abs(total - 200_000_000) < 12 * noisy.spreads[1]
    assert noisy.spreads[1] > 1_000 * noisy.spreads[0]


def test_an_answer_without_keys_is_told_even_of_nobody() -> None:
    asked = plan("SELECT count(*) AS n FROM bills WHERE spent > 90")

    assert set(PRICE.noised(asked.post, [[0]]).groups) == {0}


def test_no_price_no_answer() -> None:
    asked = plan("SELECT count(*) AS n FROM bills")

    with pytest.raises(NoiseRefused):
        Price(0, 1_000_000, 10).noised(asked.post, [[5]])


def test_a_plan_for_exact_answers_gets_no_noise() -> None:
    exact = analyse("SELECT count(*) AS n FROM bills", load_controls({"tables": {"bills": TABLE}}))

    with pytest.raises(NoiseRefused):
        PRICE.noised(exact.post, [[5]])


def test_a_sum_that_cannot_be_is_cut_and_does_not_wrap_around() -> None:
    assert gaussian([2**100], 10.0)[0] > 2**61
