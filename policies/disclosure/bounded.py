"""Sums one privacy unit can change only so much: each row clamped and put on a grid of whole numbers before it counts.

The bound is kept by the text that runs, not by what analysis believes of the data; integers leave no rounding to leak.
"""

from fractions import Fraction
from math import ceil, floor

from policies.disclosure.plan import Measure
from policies.disclosure.refusals import Denied
from policies.disclosure.values import Value

# The grid is this fine against the widest value of a row; the noise is always coarser.
STEPS_MIN = 10_000
SCALE_MAX = 12
CHANGE_MAX = 2**53


def clamped_sum(arg: Value, unit_rows_max: int) -> tuple[str, Measure]:
    """The text of the sum, and the measure with how much one unit changes it."""
    scale = next((digits for digits in range(SCALE_MAX) if arg.widest * 10**digits >= STEPS_MIN), SCALE_MAX)
    scale = 0 if arg.kind == "int" else scale
    low, high = floor((arg.low or Fraction(0)) * 10**scale), ceil((arg.high or Fraction(0)) * 10**scale)
    change = max(abs(low), abs(high), 1) * unit_rows_max
    if change > CHANGE_MAX:
        raise Denied("R21", "a sum one unit could change by more than 2^53", column=arg.column,
                     fix="use smaller factors")  # fmt: skip
    row = arg.sql if arg.kind == "int" else f"CAST(round({arg.sql} * {10**scale}) AS BIGINT)"
    # A NULL stays NULL: both comparisons are unknown. A group without any value has the sum 0, as it has with noise.
    text = f"sum(CASE WHEN {row} < {low} THEN {low} WHEN {row} > {high} THEN {high} ELSE {row} END)"
    return text, Measure(kind="sum", scale=scale, grid=str(Fraction(1, 10**scale)), unit_change=change)
