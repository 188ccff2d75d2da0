"""How long after delivery which claim can be made (rulebook 3.6). Days are Shanghai's and last to their end. Pure."""

from datetime import date, timedelta

from exchange.dispute.model import Category
from exchange.kernel.calendar import Calendar

LATENT_DAYS = 15
"""For what shows only in use."""
RIGHTS_YEARS = 2
RIGHTS = (Category.OWNERSHIP, Category.PRIVACY)


def ends_at(calendar: Calendar, category: Category, *, delivered_at: int, inspection_ends_at: int) -> int:
    """The first microsecond at which the claim comes too late; never within the inspection period."""
    delivered_on = calendar.today(delivered_at)
    if category in RIGHTS:
        last_day = _years_after(delivered_on, RIGHTS_YEARS)
    else:
        last_day = delivered_on + timedelta(days=LATENT_DAYS)
    return max(inspection_ends_at, calendar.end_of(last_day))


def _years_after(day: date, years: int) -> date:
    """The same date; of 29 February, the last day of a shorter month."""
    if (day.month, day.day) == (2, 29):
        return date(day.year + years, 3, 1) - timedelta(days=1)
    return day.replace(year=day.year + years)
