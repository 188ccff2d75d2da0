"""Dates to their grain: no key, condition or pair of conditions may cut a span finer than the column's grain (R18a).

The calendar collects every part and every cut of a query and is asked once, at its end; it knows no rows.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

from policies.disclosure.refusals import Denied
from policies.disclosure.values import Moment

COARSENESS = {"day": 0, "week": 1, "month": 2, "quarter": 3, "year": 4}
_DAYS_MIN = {"day": 1, "week": 7, "month": 28, "quarter": 90, "year": 365}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(slots=True)
class Calendar:
    """What one query asks of each date column."""

    parts: set[Moment] = field(default_factory=set)
    cuts: set[tuple[Moment, date]] = field(default_factory=set)

    def show(self, moment: Moment) -> None:
        """A part of a date becomes visible, as a key or in a condition."""
        if COARSENESS[moment.part] < COARSENESS[moment.grain]:
            raise Denied("R18", f"dates of this column are to the {moment.grain} or coarser", column=_name(moment),
                         fix=f"use date_trunc('{moment.grain}', …)")  # fmt: skip
        self.parts.add(moment)

    def cut(self, moment: Moment, when: date) -> None:
        """A condition parts the days before `when` from the rest."""
        self.cuts.add((moment, when))

    def close(self) -> None:
        """Refuse what only shows in combination: two cuts, a cut inside a part, weeks across months."""
        for moment, when in self.cuts:
            others = [cut for other, cut in self.cuts if other.column == moment.column and cut != when]
            for part in self.parts:
                if part.column == moment.column and part.part != "day":
                    others += _edges(when, part.part)
            if any(0 < abs((when - other).days) < _DAYS_MIN[moment.grain] for other in others):
                raise Denied("R18", f"a span of dates shorter than a {moment.grain}", column=_name(moment),
                             fix=f"let dates lie a {moment.grain} or more apart, or on a group's edge")  # fmt: skip
        for part in self.parts:
            shown = {other.part for other in self.parts if other.column == part.column}
            if "week" in shown and len(shown) > 1 and part.grain != "day":
                raise Denied("R18", "weeks cut by months or years are shorter than a week", column=_name(part),
                             fix="use weeks, or months and years")  # fmt: skip


def _edges(when: date, part: str) -> list[date]:
    """The first days of the part `when` is in, and of the next one."""
    if part == "week":
        monday = when - timedelta(days=when.weekday())
        return [monday, monday + timedelta(days=7)]
    months = _MONTHS[part]
    index = (when.year * 12 + when.month - 1) // months * months
    return [date(one // 12, one % 12 + 1, 1) for one in (index, index + months)]


def _name(moment: Moment) -> str:
    return moment.column.rpartition(".")[2]
