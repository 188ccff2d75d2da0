"""Parameters of templates: each value is of its declared kind, or there is no value."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from exchange.wire.templates import BadParameter, DateRange, IntegerRange, OneOf, Parameter, corners, literals

READ: TypeAdapter[Parameter] = TypeAdapter(Parameter)
DECLARED: dict[str, Parameter] = {
    "least": IntegerRange(kind="integer", low=-10, high=10, step=5),
    "since": DateRange(kind="date", first="2026-01-01", last="2026-03-31"),
    "place": OneOf(kind="choice", values=("Wuhan", "O'Brien")),
}
GOOD = {"least": -5, "since": "2026-02-28", "place": "O'Brien"}


def test_values_become_literals_of_their_kind() -> None:
    assert literals(DECLARED, GOOD) == {"least": -5, "since": date(2026, 2, 28), "place": "O'Brien"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("least", 11), ("least", 3), ("least", "5"), ("least", True), ("since", "2026-02-30"), ("since", "20260228"),
        ("since", "2026-W09-6"), ("since", "2025-12-31"), ("since", 5), ("place", "wuhan"), ("place", ""), ("x", 1),
    ],
)  # fmt: skip
def test_a_value_outside_its_declaration_is_none(name: str, value: int | str) -> None:
    with pytest.raises(BadParameter):
        literals(DECLARED, {**GOOD, name: value})


@given(st.dictionaries(st.sampled_from(["least", "since", "place", "x"]), st.integers() | st.text(), max_size=4))
def test_whatever_is_sent_is_declared_or_refused(given_: dict[str, int | str]) -> None:
    with suppress(BadParameter):
        assert literals(DECLARED, given_).keys() == DECLARED.keys()


def test_corners_use_both_ends_of_every_parameter() -> None:
    found = corners(DECLARED)

    assert {one["least"] for one in found} == {-10, 10}
    assert {one["place"] for one in found} == {"Wuhan", "O'Brien"}
    assert all(literals(DECLARED, one) for one in found)
    assert corners({}) == [{}]


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "integer", "low": 1, "high": 0}, {"kind": "integer", "low": 0, "high": 1, "step": 0},
        {"kind": "integer", "low": 0.5, "high": 1}, {"kind": "date", "first": "2026-02-30", "last": "2026-03-01"},
        {"kind": "date", "first": "2026-02-02", "last": "2026-02-01"}, {"kind": "choice", "values": []},
        {"kind": "choice", "values": ["a", "a"]}, {"kind": "choice", "values": ["a\u202eb"]}, {"kind": "text"},
    ],
)  # fmt: skip
def test_a_declaration_that_makes_no_sense_is_not_read(said: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        READ.validate_python(said)
