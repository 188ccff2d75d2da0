"""Dominance: a sum that one privacy unit nearly makes by itself is hidden, and with it whatever could give it back.

Shares are compared by unit, so repeating rows gains nothing, and of each column in a sum, so adding a constant gains
nothing. All sums of one column in a group leave together or not at all: none can be had by subtracting the others.

Adding up by unit is slow. The units are first thrown into two halves: where neither half holds too much of a sum, no
unit does. Only the groups where one half might are read again, unit by unit. Where it is known how many rows a unit has
at most, the largest row tells of most large groups that none can, and only the others are thrown into halves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, product

from policies.disclosure import floor
from policies.disclosure.columns import Controls
from policies.disclosure.conditions import Condition
from policies.disclosure.floor import Aggregate, Share, filtered, group_by, same
from policies.disclosure.refusals import Denied
from policies.disclosure.values import Value, absolute

NO_RULE_BP = 10_000
SHARES_MAX = 120
_KEPT, _LEANING, _LARGEST = '"kept groups"', '"leaning groups"', '"largest units"'
_STEEP, _HALVES = '"steep groups"', '"halves"'


@dataclass(slots=True)
class Dominance:
    """Which columns are summed in one query, and the conditions that part their rows between cells."""

    bp_max: int
    kept: tuple[str, ...]
    cores: dict[str, dict[str, None]] = field(default_factory=dict)  # By column: the sums that it is in.
    parts: dict[str, None] = field(default_factory=dict)

    @classmethod
    def within(cls, controls: Controls, kept: Condition | None) -> "Dominance":
        """With noise there is no such rule: what one unit adds is bounded there."""
        bp_max = controls.dominance_bp_max if controls.mode == "exact" else NO_RULE_BP
        return cls(bp_max, (kept.sql,) if kept is not None else ())

    def summed(self, name: str, arg: Value, when: Condition | None) -> None:
        """One more sum. What was added up inside a subquery no longer shows whose it is, and is refused."""
        if self.bp_max >= NO_RULE_BP:
            return
        if arg.buried:
            raise Denied("R16", "a sum of what was added to inside a subquery", column=arg.column,
                         fix="add in the outermost query")  # fmt: skip
        for core in dict.fromkeys((*absolute(arg), *arg.cores)):
            self.cores.setdefault(core, {})[name] = None
        conditions = [when.sql] if when is not None else []
        self.parts |= dict.fromkeys([*conditions, *(side for side in arg.sides if not side.endswith("IS NOT TRUE"))])

    def watching(self, aggregate: Aggregate) -> Aggregate:
        """The same query, which also compares who holds how much."""
        found = [Share(core, one) for core in self.cores for one in self._regions()]
        if len(found) > SHARES_MAX:
            raise Denied("R22", "too many sums under too many conditions", fix="ask for fewer sums at once")
        return replace(aggregate, shares=found, dominance_bp_max=self.bp_max)

    def hidden(self, names: Sequence[str]) -> tuple[tuple[int, ...], ...]:
        """For each share the measures that it hides, by their place."""
        return tuple(tuple(names.index(name) for name in sums) for sums in self.cores.values() for _ in self._regions())

    def _regions(self) -> list[tuple[str, ...]]:
        """The rows of a group, and of every part of it that one cell or the difference of two tells of."""
        sides = [(one, f"({one}) IS NOT TRUE") for one in self.parts]
        found = [(), *((side,) for both in sides for side in both)]
        found += [pair for one, other in combinations(sides, 2) for pair in product(one, other)]
        if len(sides) > 2:
            found.append(tuple(none for _, none in sides))
        return [tuple(sorted({*self.kept, *one})) for one in found]


def statement(aggregate: Aggregate, k_min: int) -> str:
    """The query whose rows are the groups that may leave; its last columns say where one unit holds too much."""
    if not aggregate.shares:
        return floor.statement(aggregate, k_min, portable=False)
    unique, large = aggregate.sources.unit_unique, floor.large(aggregate, k_min)
    more = [
        sql
        for one in aggregate.shares
        for sql in (_total(one), _largest(one) if unique or large else _half(one, aggregate))
    ]
    kept = floor.statement(replace(aggregate, measures=[*aggregate.measures, *more]), k_min, portable=False)
    by_unit = _by_steepness if large else _by_halves
    text = _by_row(aggregate, kept) if unique else by_unit(aggregate, kept)
    if len(text) > floor.CHARACTERS_MAX:
        raise Denied("R22", "too many sums under too many conditions", fix="ask for fewer sums at once")
    return text


def portable_statement(aggregate: Aggregate, k_min: int) -> str:
    """The same query in what every engine has: each unit is counted, and of each sum every unit's share is added up."""
    unique = aggregate.sources.unit_unique
    more = [sql for one in aggregate.shares for sql in (_total(one), _largest(one) if unique else _total(one))]
    kept = floor.statement(replace(aggregate, measures=[*aggregate.measures, *more]), k_min, portable=True)
    if not aggregate.shares or unique:
        return _by_row(aggregate, kept) if aggregate.shares else kept
    told = [
        f"CASE WHEN {total} IS NULL THEN FALSE ELSE coalesce({_too_much(f't{index}', total, aggregate)}, TRUE) END "
        f"AS d{index}"
        for index, (total, _) in enumerate(_extras(aggregate))
    ]
    return (
        f"WITH {_KEPT} AS MATERIALIZED ({kept}), {_LARGEST} AS ({_largest_units(aggregate, None)}) "  # noqa: S608 - checked parts only
        f"SELECT {', '.join([*_visible(aggregate, _KEPT), *told])} "
        f"FROM {_KEPT} LEFT JOIN {_LARGEST} ON {same(aggregate.names, _KEPT, _LARGEST)}"
    )


def _total(share: Share) -> str:
    return filtered(f"sum({share.core})", share.conditions)


def _largest(share: Share) -> str:
    return filtered(f"max({share.core})", share.conditions)


def _half(share: Share, aggregate: Aggregate) -> str:
    return filtered(f"sum({share.core})", (*share.conditions, f"hash({aggregate.unit}) >> 63 = 0"))


def _by_row(aggregate: Aggregate, kept: str) -> str:
    """Where a unit has one row at most, the largest row is the largest unit's."""
    told = [
        f"coalesce({_too_much(more, total, aggregate)}, FALSE) AS d{index}"
        for index, (total, more) in enumerate(_extras(aggregate))
    ]
    return f"SELECT {', '.join([*_visible(aggregate), *told])} FROM ({kept}) AS {_KEPT}"  # noqa: S608 - checked parts only


def _by_steepness(aggregate: Aggregate, kept: str) -> str:
    """As many rows as a unit can have, each as large as the largest; then halves; then unit by unit."""
    names, most = aggregate.names, aggregate.sources.unit_rows_max
    steep = [
        _too_much(f"CAST({largest} AS HUGEINT) * {most}", total, aggregate) for total, largest in _extras(aggregate)
    ]
    leans = [_leans(f"h{index}", total, aggregate) for index, (total, _) in enumerate(_extras(aggregate))]
    told = [
        f"CASE WHEN ({up}) AND ({lean}) THEN coalesce({_too_much(f't{index}', total, aggregate)}, TRUE) ELSE FALSE END "
        f"AS d{index}"
        for index, (up, lean, (total, _)) in enumerate(zip(steep, leans, _extras(aggregate), strict=True))
    ]
    of_kept = ", ".join(f"{_KEPT}.{name}" for name in names) or "1 AS one"
    return (
        f"WITH {_KEPT} AS MATERIALIZED ({kept}), "  # noqa: S608 - checked parts only
        f"{_STEEP} AS MATERIALIZED (SELECT {', '.join(names) or '1 AS one'} FROM {_KEPT} WHERE {' OR '.join(steep)}), "
        f"{_HALVES} AS MATERIALIZED ({_halves(aggregate)}), "
        f"{_LEANING} AS MATERIALIZED (SELECT {of_kept} FROM {_KEPT} JOIN {_HALVES} "
        f"ON {same(names, _KEPT, _HALVES)} WHERE {' OR '.join(leans)}), "
        f"{_LARGEST} AS ({_largest_units(aggregate, _LEANING)}) "
        f"SELECT {', '.join([*_visible(aggregate, _KEPT), *told])} FROM {_KEPT} "
        f"LEFT JOIN {_HALVES} ON {same(names, _KEPT, _HALVES)} "
        f"LEFT JOIN {_LARGEST} ON {same(names, _KEPT, _LARGEST)}"
    )


def _halves(aggregate: Aggregate) -> str:
    names = aggregate.names
    halves = [f"sum(x{i}) FILTER (WHERE hash(unit) >> 63 = 0) AS h{i}" for i in range(len(aggregate.shares))]
    told = ", ".join([*(f"r.{name}" for name in names), *halves])
    return f"SELECT {told} FROM {_their_rows(aggregate, _STEEP)}{group_by(len(names))}"  # noqa: S608 - checked parts only


def _by_halves(aggregate: Aggregate, kept: str) -> str:
    leans = [_leans(half, total, aggregate) for total, half in _extras(aggregate)]
    names = aggregate.names
    told = [
        f"CASE WHEN {lean} THEN coalesce({_too_much(f't{index}', total, aggregate)}, TRUE) ELSE FALSE END AS d{index}"
        for index, (lean, (total, _)) in enumerate(zip(leans, _extras(aggregate), strict=True))
    ]
    leaning = f"SELECT {', '.join(names) or '1 AS one'} FROM {_KEPT} WHERE {' OR '.join(leans)}"  # noqa: S608 - our own names
    return (
        f"WITH {_KEPT} AS MATERIALIZED ({kept}), {_LEANING} AS MATERIALIZED ({leaning}), "  # noqa: S608 - checked parts only
        f"{_LARGEST} AS ({_largest_units(aggregate, _LEANING)}) "
        f"SELECT {', '.join([*_visible(aggregate, _KEPT), *told])} "
        f"FROM {_KEPT} LEFT JOIN {_LARGEST} ON {same(names, _KEPT, _LARGEST)}"
    )


def _largest_units(aggregate: Aggregate, groups: str | None) -> str:
    names, count = aggregate.names, range(len(aggregate.shares))
    told = ", ".join([*(f"r.{name}" for name in names), "unit", *(f"sum(x{i}) AS s{i}" for i in count)])
    units = f"SELECT {told} FROM {_their_rows(aggregate, groups)}{group_by(len(names) + 1)}"  # noqa: S608 - same
    largest = ", ".join([*names, *(f"max(s{i}) AS t{i}" for i in count)])
    return f"SELECT {largest} FROM ({units}) AS u{group_by(len(names))}"  # noqa: S608 - same


def _their_rows(aggregate: Aggregate, groups: str | None) -> str:
    """The rows of some groups, or of all: keys, unit, and what each counts for in every share."""
    rows = [
        f"CASE WHEN {' AND '.join(one.conditions) or 'TRUE'} THEN {one.core} END AS x{index}"
        for index, one in enumerate(aggregate.shares)
    ]
    columns = ", ".join([*aggregate.key_columns, f"{aggregate.unit} AS unit", *rows])
    names = aggregate.names
    if groups is None:
        return f"(SELECT {columns}{aggregate.read}) AS r"
    those = f"SEMI JOIN {groups} ON {same(names, 'r', groups)}" if names else f"CROSS JOIN {groups}"
    return f"(SELECT {columns}{aggregate.read}) AS r {those}"


def _leans(half: str, total: str, aggregate: Aggregate) -> str:
    return _too_much(f"greatest(coalesce({half}, 0), {total} - coalesce({half}, 0))", total, aggregate)


def _visible(aggregate: Aggregate, of: str = _KEPT) -> list[str]:
    measures = [f"m{index}" for index in range(len(aggregate.measures))]
    return [f"{of}.{name}" for name in (*aggregate.names, *measures, *(f"u{i}" for i in range(len(aggregate.checks))))]


def _extras(aggregate: Aggregate) -> list[tuple[str, str]]:
    first = len(aggregate.measures)
    return [(f"m{first + 2 * i}", f"m{first + 2 * i + 1}") for i in range(len(aggregate.shares))]


def _too_much(part: str, total: str, aggregate: Aggregate) -> str:
    """top1 x 10,000 > max x total, in whole numbers wide enough for both."""
    return f"CAST({part} AS HUGEINT) * 10000 > CAST({total} AS HUGEINT) * {aggregate.dominance_bp_max}"
