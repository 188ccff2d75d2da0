"""Working days in Asia/Shanghai. Which days are holidays is given from outside; weekends never work."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Calendar:
    """Counts working days. `holidays` are dates on which nobody works though it is a weekday."""

    def __init__(self, holidays: Iterable[date] = ()) -> None:
        self._holidays = frozenset(holidays)

    def today(self, now_us: int) -> date:
        return (_EPOCH + timedelta(microseconds=now_us)).astimezone(_SHANGHAI).date()

    def is_working(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self._holidays

    def after(self, day: date, working_days: int) -> date:
        """The date `working_days` working days after `day`; `day` itself does not count."""
        while working_days > 0:
            day += timedelta(days=1)
            working_days -= self.is_working(day)
        return day

    def between(self, start: date, end: date) -> int:
        """Working days after `start` up to and with `end`."""
        days = (start + timedelta(days=n) for n in range(1, (end - start).days + 1))
        return sum(self.is_working(day) for day in days)

    def end_of(self, day: date) -> int:
        """The first microsecond after `day` in Shanghai: 24:00."""
        midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=_SHANGHAI)
        return (midnight - _EPOCH) // timedelta(microseconds=1)
