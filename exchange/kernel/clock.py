"""The time, as a parameter. Stored as UTC microseconds; business days are counted in Asia/Shanghai by `calendar`."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Microseconds since the Unix epoch."""

SECOND = 1_000_000


def system_clock() -> int:
    return time.time_ns() // 1_000


class RehearsalClock:
    """A clock for rehearsals: it begins in the past and can only be moved forward, up to real time and no further.

    So entries of a rehearsed market never carry a time that has not come yet.
    """

    def __init__(self, behind_us: int, real: Clock = system_clock) -> None:
        self._behind_us = max(0, behind_us)
        self._real = real

    def __call__(self) -> int:
        return self._real() - self._behind_us

    @property
    def behind_us(self) -> int:
        return self._behind_us

    def advance(self, by_us: int) -> None:
        self._behind_us = max(0, self._behind_us - max(0, by_us))
