"""What the engine computes for one query: keys, measures and the counts of units that decide whether a group may leave.

A group, a side of a condition or a part of NULLs with fewer than k units never leaves the engine.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from math import isqrt

from sqlglot import exp

from policies.disclosure.bounded import clamped_sum
from policies.disclosure.conditions import Condition
from policies.disclosure.dominance import Dominance
from policies.disclosure.expressions import condition, value
from policies.disclosure.floor import filtered
from policies.disclosure.plan import Check, Measure
from policies.disclosure.refusals import Denied
from policies.disclosure.relations import Scope, resolve
from policies.disclosure.values import NUMBERS, Value
from policies.disclosure.words import Node

EXACT_MAX = Fraction(2) ** 53
GRID_SHARE = 10_000
CONDITIONS_MAX = 12
_FINEST = Fraction(1, 10**6)


@dataclass(slots=True)
class Measures:
    """The engine columns of one query, each written once."""

    scope: Scope
    unit: Value
    dominance: Dominance
    kept: Condition | None  # NULL tests of WHERE, moved into every measure so that both their sides are counted.
    found: dict[str, Measure] = field(default_factory=dict)
    checks: dict[tuple[str, ...], Check] = field(default_factory=dict)  # By the conditions that k units must meet.
    parted: dict[str, None] = field(default_factory=dict)  # Conditions that part the rows of a group between cells.

    def start(self) -> None:
        """The floor itself, both sides of what was moved out of WHERE, and both sides of each optional source."""
        base = [self.kept.sql] if self.kept else []
        self._floor(base)
        if self.kept is not None:
            self._floor([f"({self.kept.sql}) IS NOT TRUE"])
            for test in self.kept.nulls:
                self._floor([test])
                self._floor([f"({test}) IS NOT TRUE"])
        for guard in self.scope.sources.guards:
            self._floor([*base, guard.sql], loose=guard.loose)
        # Which rows of an optional side are there was the buyer's choice: a condition like any other.
        chosen = [guard.sql for guard in self.scope.sources.guards if not guard.loose]
        self.parted |= dict.fromkeys(chosen[::2])

    def close(self) -> None:
        """Cells of one answer may not be subtracted down to a few: what any two conditions leave is counted too."""
        if len(self.parted) > CONDITIONS_MAX:
            raise Denied("R22", "too many conditions inside aggregates", fix=f"at most {CONDITIONS_MAX}")
        base = [self.kept.sql] if self.kept else []
        for one, other in combinations(self.parted, 2):
            for first in (one, f"({one}) IS NOT TRUE"):
                for second in (other, f"({other}) IS NOT TRUE"):
                    self._floor([*base, first, second], loose=True)
        if len(self.parted) > 2:
            self._floor([*base, *(f"({one}) IS NOT TRUE" for one in self.parted)], loose=True)

    def index(self, name: str) -> int:
        return list(self.found).index(name)

    def count_rows(self, when: Condition | None) -> str:
        return self._add("count(*)", when, self._counted(self.scope.sources.unit_rows_max))

    def count_units(self, node: Node, when: Condition | None) -> str:
        """count(DISTINCT unit): the one distinct count there is (R06)."""
        parts = node.expressions
        column = resolve(parts[0], self.scope.sources) if len(parts) == 1 and isinstance(parts[0], exp.Column) else None
        if column is None or not column.unit:
            raise Denied("R06", "a distinct count of other than the privacy unit", fix="count the privacy unit",
                         column=column.column if column else None)  # fmt: skip
        counted = column.bare if self.scope.sources.unit_unique else f"DISTINCT {column.bare}"
        # One unit is counted once in each of its groups at most.
        groups = self.scope.sources.unit_rows_max
        return self._add(f"count({counted})", when, self._counted(isqrt(groups - 1) + 1))

    def count_of(self, arg: Value, when: Condition | None) -> str:
        self._argument(arg, when)
        if not self.scope.exact and not arg.nullable:
            return self.count_rows(when)  # The same number, and a number less to share rho with.
        return self._add(f"count({arg.bare or arg.sql})", when, self._counted(self.scope.sources.unit_rows_max))

    def sum_of(self, arg: Value, when: Condition | None) -> str:
        """An exact sum of whole numbers: of the values themselves, or of fixed-point copies of them."""
        self._argument(arg, when)
        if arg.kind not in NUMBERS:
            raise Denied("R15", "a sum of something that is no number", column=arg.column, fix="sum a numeric column")
        if arg.widest * (self.scope.sources.rows_max or 1) > EXACT_MAX:
            raise Denied("R21", "a sum that could pass 2^53", column=arg.column, fix="use smaller factors")
        if not self.scope.exact:
            name, measure = clamped_sum(arg, self.scope.sources.unit_rows_max)
            return self._add(name, when, measure)
        grid = max(arg.grid or Fraction(0), arg.widest / GRID_SHARE, _FINEST)
        if arg.kind == "int":
            grid = Fraction(-(-grid.numerator // grid.denominator))
            return self._summed(f"sum({arg.sql})", arg, when, Measure(kind="sum", scale=0, grid=str(grid)))
        scale = next((digits for digits in range(12) if grid * 10**digits >= 10**6), 12)
        text = f"sum(CAST(round({arg.sql} * {10**scale}) AS BIGINT))"
        return self._summed(text, arg, when, Measure(kind="sum", scale=scale, grid=str(grid)))

    def _counted(self, unit_change: int) -> Measure:
        return Measure(kind="count", scale=0, grid="1", unit_change=None if self.scope.exact else unit_change)

    def argument(self, node: Node) -> Value:
        return value(node, self.scope)

    def condition(self, node: Node) -> Condition:
        return condition(node, self.scope)

    def _argument(self, arg: Value, when: Condition | None) -> None:
        if arg.literal is not None or arg.kind == "null" or "aggregate" not in arg.uses:
            raise Denied("R05", "an aggregate of what has not the use aggregate", column=arg.column,
                         fix="leave it out, or ask for the use aggregate")  # fmt: skip
        if not self.scope.exact:
            return
        if arg.refused:
            raise Denied(arg.refused, "a comparison in disguise inside an exact aggregate", column=arg.column,
                         fix="aggregate the column itself, or ask for the answer with noise")  # fmt: skip
        base = self._base(when)
        for side in arg.sides:
            self._floor([*base, side])
            if not side.endswith("IS NOT TRUE"):
                self.parted[side] = None
        for test in arg.nulls:
            self._floor([*base, test], loose=True)
        if arg.nullable:
            self._floor([*base, f"({arg.bare or arg.sql}) IS NOT NULL"])

    def _summed(self, sql: str, arg: Value, when: Condition | None, measure: Measure) -> str:
        name = self._add(sql, when, measure)
        self.dominance.summed(name, arg, when)
        return name

    def _base(self, when: Condition | None) -> list[str]:
        return [one.sql for one in (self.kept, when) if one is not None]

    def _add(self, sql: str, when: Condition | None, measure: Measure) -> str:
        base = self._base(when)
        if when is not None:
            self._sides(when)
        name = filtered(sql, _all_of(base))
        self.found.setdefault(name, measure)
        return name

    def _sides(self, when: Condition) -> None:
        kept = [self.kept.sql] if self.kept else []
        self.parted[when.sql] = None
        self._floor([*kept, when.sql])
        self._floor([*kept, f"({when.sql}) IS NOT TRUE"])
        for test in when.nulls:
            self._floor([*kept, test])
            self._floor([*kept, f"({test}) IS NOT TRUE"])

    def _floor(self, conditions: Sequence[str], *, loose: bool = False) -> None:
        name = _all_of(conditions)
        strict = not loose or (name in self.checks and not self.checks[name].loose)
        self.checks[name] = Check(loose=not strict)


def _all_of(conditions: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(conditions)))
