"""Noise for the answers of one query: discrete Gaussian on whole numbers, and a threshold on keys nobody declared.

OpenDP draws, from the system's own randomness; what each draw costs is what OpenDP says it costs, never our own sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil, sqrt
from typing import Any

import opendp.prelude as dp

from policies.disclosure import Noisy
from policies.disclosure.plan import Post

dp.enable_features("contrib")

NRHO = 10**9
DELTA_UNITS = 10**15
# Sums beyond this are cut: the engine adds more widely than the mechanism, and cutting changes no unit's share upwards.
SUM_MAX = 2**62
_STEPS_MAX = 200


class NoiseRefused(Exception):
    """The mechanism cannot be had at this price. Follows from the plan and the price alone, not from the data."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one answer may cost: rho of zero-concentrated privacy in 1e-9, delta in 1e-15."""

    rho_nrho: int
    delta_e15: int
    rows_min: int
    """No key is told of whose noisy number of rows is below this, whatever delta allows."""

    def noised(self, post: Post, groups: Sequence[Sequence[int]]) -> Noisy:
        """The groups that may be told of, with noise on each measure; rho is shared evenly among the measures."""
        share = self.rho_nrho // max(len(post.measures), 1)
        changes = [one.unit_change for one in post.measures]
        if share <= 0 or None in changes or (post.keys and not post.key_lists and post.keys_by != 0):
            raise NoiseRefused
        scales = [scale(change, share) for change in changes if change is not None]
        kept = list(range(len(groups)))
        columns: list[Sequence[int]] = []
        for index, one in enumerate(scales):
            if index == post.keys_by:
                told = self._known(post, [row[index] for row in groups], one, share)
                kept, found = list(told), list(told.values())
            else:
                found = gaussian([groups[place][index] for place in kept], one)
            columns.append(found)
        cells = zip(*columns, strict=True)
        return Noisy(dict(zip(kept, cells, strict=True)), tuple(Fraction(one) for one in scales))

    def _known(self, post: Post, counts: Sequence[int], sigma: float, share: int) -> dict[int, int]:
        """Noisy row counts of the keys that pass the threshold; it comes first, so the others follow its choice."""
        change, groups_max = post.measures[0].unit_change, post.unit_groups_max
        if change is None or groups_max is None:
            raise NoiseRefused
        reach = (groups_max, change, change)
        return thresholded(counts, sigma, reach, Price(share, self.delta_e15, self.rows_min))


@lru_cache(maxsize=1024)
def scale(change: int, share_nrho: int) -> float:
    """The least noise, as a standard deviation, whose cost by OpenDP's own map is within the share."""
    sigma = change / sqrt(2 * share_nrho / NRHO)
    for _ in range(_STEPS_MAX):
        if _fits(_cost(_gaussian(sigma), change), share_nrho, NRHO):
            return sigma
        sigma *= 1 + 2**-50
    raise NoiseRefused


def gaussian(exact: Sequence[int], sigma: float) -> list[int]:
    """The numbers with discrete Gaussian noise."""
    return [int(cell) for cell in _gaussian(sigma)([_cut(cell) for cell in exact])]


def thresholded(counts: Sequence[int], sigma: float, reach: tuple[int, int, int], price: Price) -> dict[int, int]:
    """By their place, the noisy counts that reach a threshold high enough for delta; `reach` is L0, L2, L-infinity."""
    mechanism = _threshold(sigma, _lowest(sigma, reach, price))
    told = mechanism({str(place): _cut(count) for place, count in enumerate(counts)})
    # What order a map comes out in is nobody's business.
    return {place: int(told[str(place)]) for place in range(len(counts)) if str(place) in told}


@lru_cache(maxsize=1024)
def _lowest(sigma: float, reach: tuple[int, int, int], price: Price) -> int:
    """The lowest threshold that OpenDP finds within the price. It hangs on no data, so it is looked for once."""
    threshold = max(price.rows_min, reach[2])
    for _ in range(_STEPS_MAX):
        rho, delta = _cost(_threshold(sigma, threshold), reach)
        if _fits(rho, price.rho_nrho, NRHO) and _fits(delta, price.delta_e15, DELTA_UNITS):
            return threshold
        threshold += ceil(sigma / 4)
    raise NoiseRefused


def _cost(mechanism: Any, change: int | tuple[int, int, int]) -> Any:
    """What OpenDP says of it, rounded up by OpenDP."""
    return mechanism.map(change)


def _fits(cost: float, share: int, units: int) -> bool:
    return Fraction(cost) * units <= share


def _cut(number: int) -> int:
    return max(-SUM_MAX, min(SUM_MAX, number))


def _gaussian(sigma: float) -> dp.Measurement:
    domain, metric = dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T="i64")
    return dp.m.make_gaussian(domain, metric, scale=sigma)


def _threshold(sigma: float, threshold: int) -> dp.Measurement:
    domain = dp.map_domain(dp.atom_domain(T="String"), dp.atom_domain(T="i64"))
    metric = dp.l02inf_distance(dp.absolute_distance(T="i64"))
    return dp.m.make_gaussian_threshold(domain, metric, scale=sigma, threshold=threshold)
