"""Controls: a word nobody knows refuses the file, and what is not granted is not there."""

from typing import Any

import pytest

from policies.disclosure import ControlsRefused, explain, load_controls


def controls(column: dict[str, Any], **table: Any) -> dict[str, Any]:
    columns = {"id": {}, "x": column}
    return {"tables": {"t": {"unit": "id", "units_of": "person", "columns": columns, **table}}}


@pytest.mark.parametrize(
    "mapping",
    [
        controls({"use": ["filter"]}),
        controls({"uses": ["filters"]}),
        controls({"uses": ["output"]}),
        controls({"bounds": [1, 0]}),
        controls({"bounds": [0, 0.5]}),
        controls({"bounds": ["0", "inf"]}),
        controls({"bounds": [0, 10**16]}),
        controls({"type": "money"}),
        controls({"type": "text", "bounds": [0, 1]}),
        controls({"grain": "hour"}),
        controls({}, key=[["y"]]),
        controls({}, key=[[]]),
        controls({}, unit="y"),
        controls({}, units_of=None),
        controls({}, more=1),
        {**controls({}), "k_min": 1},
        {**controls({}), "mode": "open"},
        {"tables": {"t": {"columns": {"a": {}, "A": {}}}}},
        {"tables": {'t" --': {"columns": {}}}},
        {"tables": 3},
        {},
    ],
)
def test_a_file_with_a_word_we_do_not_know_is_refused(mapping: dict[str, Any]) -> None:
    with pytest.raises(ControlsRefused):
        load_controls(mapping)


@pytest.mark.parametrize(
    ("uses", "answered"),
    [([], 0), (["filter"], 1), (["group"], 1), (["aggregate"], 2), (["join"], 0), (["filter", "aggregate"], 3)],
)
def test_a_use_opens_its_own_place_and_no_other(uses: list[str], answered: int) -> None:
    granted = load_controls(controls({"uses": uses, "type": "int", "bounds": [0, 9]}))
    places = (
        "SELECT count(*) AS n FROM t WHERE x > 3",
        "SELECT x, count(*) AS n FROM t GROUP BY x",
        "SELECT sum(x) AS s FROM t",
        "SELECT count(x) AS s FROM t",
    )

    assert sum(explain(sql, granted)["verdict"] == "answer" for sql in places) == answered


def test_a_sum_that_could_pass_what_is_exact_is_refused() -> None:
    wide = controls({"uses": ["aggregate"], "type": "int", "bounds": [0, 10**12]}, rows_max=10**6)

    assert explain("SELECT sum(x) AS s FROM t", load_controls(wide))["rule"] == "R21"
