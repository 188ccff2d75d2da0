"""Cells as an engine behind a jail sends them: whole numbers, and text for everything else."""

import pytest

from policies.disclosure import Controls, Denied, analyse, load_controls, release


def controls() -> Controls:
    columns = {
        "person": {"type": "int"},
        "seen_on": {"type": "date", "uses": ["group"]},
        "weight": {"type": "number", "uses": ["group"], "bounds": [0, 100]},
    }
    table = {"unit": "person", "units_of": "person", "rows_max": 1000, "unit_rows_max": 10, "columns": columns}
    return load_controls({"tables": {"visits": table}, "k_min": 10, "mode": "exact"})


BY_MONTH = "SELECT date_trunc('month', seen_on) AS m, count(*) AS n FROM visits GROUP BY 1"
BY_WEIGHT = "SELECT weight, count(*) AS n FROM visits GROUP BY weight"


def rows(sql: str, key: object) -> list[list[object]]:
    post = analyse(sql, controls()).post
    return [[key, *[12 for _ in post.measures], *[12 for _ in post.checks]]]


def test_dates_and_decimals_may_cross_as_text() -> None:
    assert release(analyse(BY_MONTH, controls()), rows(BY_MONTH, "2024-02-01"), 10).rows[0][0] == "2024-02-01"
    assert release(analyse(BY_WEIGHT, controls()), rows(BY_WEIGHT, "2.50"), 10).rows[0][0] in ("2.5", "2.50")


@pytest.mark.parametrize(
    ("sql", "key"),
    [(BY_MONTH, "soon"), (BY_MONTH, ""), (BY_MONTH, 5), (BY_WEIGHT, "1/0"), (BY_WEIGHT, "nan"), (BY_WEIGHT, "")],
)
def test_text_that_is_not_what_the_plan_says_is_refused(sql: str, key: object) -> None:
    with pytest.raises(Denied) as denied:
        release(analyse(sql, controls()), rows(sql, key), 10)
    assert denied.value.rule == "R24"
