"""The last day of each claim, to its end in Shanghai."""

from datetime import UTC, datetime

import pytest

from exchange.dispute.model import Category
from exchange.dispute.windows import ends_at
from exchange.kernel.calendar import Calendar

CALENDAR = Calendar()


def micros(text: str) -> int:
    """An instant in Shanghai."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() - 8 * 3_600) * 1_000_000


@pytest.mark.parametrize(
    ("category", "delivered", "ends"),
    [
        (Category.QUALITY, "2026-03-23T09:00", "2026-04-08T00:00"),
        (Category.QUALITY, "2026-03-23T23:59", "2026-04-08T00:00"),
        (Category.QUALITY, "2026-03-24T00:00", "2026-04-09T00:00"),
        (Category.BILLING, "2026-12-20T10:00", "2027-01-05T00:00"),
        (Category.OWNERSHIP, "2026-03-23T09:00", "2028-03-24T00:00"),
        (Category.PRIVACY, "2028-02-29T09:00", "2030-03-01T00:00"),
    ],
)
def test_a_claim_lasts_to_the_end_of_its_last_day(category: Category, delivered: str, ends: str) -> None:
    assert ends_at(CALENDAR, category, delivered_at=micros(delivered), inspection_ends_at=0) == micros(ends)


def test_no_claim_ends_before_the_inspection_does() -> None:
    long_holidays = micros("2026-10-30T00:00")

    ended = ends_at(
        CALENDAR, Category.QUALITY, delivered_at=micros("2026-09-25T09:00"), inspection_ends_at=long_holidays
    )

    assert ended == long_holidays
