"""Sums one privacy unit can change only so much: each row clamped and put on a grid of whole numbers before it counts.

The bound is kept by the text that runs, not by what analysis believes of the data; integers leave no rounding to leak.
"""

from fractions import Fraction
from math import ceil, floor

from policies.disclosure.plan import Measure
from policies.disclosure.refusals import Denied
from policies.disclosure.values import Value, written

# The grid is this fine against the widest value of a row; the noise is always coarser.
STEPS_MIN = 10_000
SCALE_MAX = 12
CHANGE_MAX = 2**53


def clamped_sum(arg: Value, unit_rows_max: int) -> tuple[str, Measure]:
    """The text of the sum, and the measure with how much one unit changes it."""
    scale = next((digits for digits in range(SCALE_MAX) if arg.widest * 10**digits >= STEPS_MIN), SCALE_MAX)
    low, high = arg.low or Fraction(0), arg.high or Fraction(0)
    if arg.kind == "int":
        scale, low, high = 0, Fraction(floor(low)), Fraction(ceil(high))
    change = max(abs(floor(low * 10**scale)), abs(ceil(high * 10**scale)), 1) * unit_rows_max
    if change > CHANGE_MAX:
        raise Denied("R21", "a sum one unit could change by more than 2^53", column=arg.column,
                     fix="use smaller factors")  # fmt: skip
    # Of a column the stored one, not its clamped copy: one clamp is enough, and it is the one written here. A NULL
    # stays NULL, for both comparisons are unknown. A group without any value has the sum 0, as it has with noise.
    given = arg.bare or arg.sql
    whole = f"CAST({given} AS BIGINT)" if arg.kind == "int" else given
    row = (
        f"CASE WHEN {given} < {written(low)} THEN {written(low)} "
        f"WHEN {given} > {written(high)} THEN {written(high)} ELSE {whole} END"
    )
    text = f"sum({row})" if arg.kind == "int" else f"sum(CAST(round(({row}) * {10**scale}) AS BIGINT))"
    return text, Measure(kind="sum", scale=scale, grid=str(Fraction(1, 10**scale)), unit_change=change)
