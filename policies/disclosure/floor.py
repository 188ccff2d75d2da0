"""The text that runs: one aggregate, and around it the floor of at least k privacy units for every group and side.

Counting units exactly is slow, and nearly always more than is asked. Each unit is first thrown into one of 64 buckets:
there are at least as many units as buckets hit, so k buckets are proof enough, whatever the data. Groups with fewer are
read again and their units counted one by one. Where it is known how many rows a unit has at most, the rows of a large
group are proof enough, and only the others are looked at so. Who may leave is as if every unit had been counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policies.disclosure.plan import Check
from policies.disclosure.relations import Sources
from policies.disclosure.values import Value

# The top bits: data are more often parted by the low ones.
BUCKET_BITS = 6
# With more units than this asked for, hitting that many buckets is too rare to be worth the look.
K_BY_BUCKETS_MAX = 40
# Where not even so many groups could be sure by their rows alone, looking at rows first is not worth the while.
SURE_GROUPS_MIN = 32
# A longer text might not fit into a message to the engine.
CHARACTERS_MAX = 100_000
# Names no asset can have: those are letters, digits and underscores.
_GROUPS, _UNSURE, _ROWS = '"all groups"', '"unsure groups"', '"their rows"'
_OPEN, _HIT = '"open groups"', '"groups hit"'
_UNITS, _COUNTED = '"their units"', '"groups counted"'


@dataclass(frozen=True, slots=True)
class Share:
    """A column as whole numbers not below 0, and the conditions on the rows whose share-holders are compared."""

    core: str
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What is computed for each group. A check is named by the conditions that its units meet."""

    sources: Sources
    unit: str
    keys: Sequence[Value]
    measures: Sequence[str]
    checks: Mapping[tuple[str, ...], Check]
    where: Sequence[str]
    shares: Sequence[Share] = ()
    dominance_bp_max: int = 10_000

    @property
    def names(self) -> list[str]:
        return [f"k{index}" for index in range(len(self.keys))]

    @property
    def key_columns(self) -> list[str]:
        return [f"{key.bare or key.sql} AS {name}" for key, name in zip(self.keys, self.names, strict=True)]

    @property
    def read(self) -> str:
        kept = sorted(set(self.where))
        return f" FROM {self.sources.text}" + (f" WHERE {' AND '.join(kept)}" if kept else "")

    def grouped(self, more: Sequence[str]) -> str:
        columns = [*self.key_columns, *(f"{sql} AS m{index}" for index, sql in enumerate(self.measures)), *more]
        return "SELECT " + ", ".join(columns) + self.read + group_by(len(self.keys))


def filtered(sql: str, conditions: tuple[str, ...]) -> str:
    return f"{sql} FILTER (WHERE {' AND '.join(conditions)})" if conditions else sql


def statement(aggregate: Aggregate, k_min: int, *, portable: bool) -> str:
    """The query whose rows are the groups that may leave; its last columns are at least-this-many counts of units.

    The portable text says the same in what every engine has: each unit is counted.
    """
    if portable or aggregate.sources.unit_unique or k_min > K_BY_BUCKETS_MAX:
        return _in_one_look(aggregate, k_min)
    text = _in_three_looks(aggregate, k_min) if large(aggregate, k_min) else _in_two_looks(aggregate, k_min)
    return text if len(text) <= CHARACTERS_MAX else _in_one_look(aggregate, k_min)


def unfloored(aggregate: Aggregate) -> str:
    """The query of an answer with noise: a floor that is exact would itself tell of one unit more or less."""
    return aggregate.grouped([])


def _in_one_look(aggregate: Aggregate, k_min: int) -> str:
    """Every unit counted at once. Where a unit has one row at most, its rows are its units."""
    counted = "count(*)" if aggregate.sources.unit_unique else f"count(DISTINCT {aggregate.unit})"
    units = [f"{filtered(counted, one)} AS u{index}" for index, one in enumerate(aggregate.checks)]
    inner = aggregate.grouped(units)
    return f"SELECT * FROM ({inner}) AS g WHERE {_floors(aggregate, k_min)}"  # noqa: S608 - checked parts only


def large(aggregate: Aggregate, k_min: int) -> bool:
    """Whether there may well be groups with more rows than fewer than k units can have."""
    sources = aggregate.sources
    sure = k_min * sources.unit_rows_max
    return sources.unit_rows_known and (sources.rows_max or 0) >= SURE_GROUPS_MIN * sure


def _in_three_looks(aggregate: Aggregate, k_min: int) -> str:
    """Rows, buckets, units: each look only at the groups that the one before left open."""
    most, names, count = aggregate.sources.unit_rows_max, aggregate.names, range(len(aggregate.checks))
    sure = k_min * most
    columns = [f"{_GROUPS}.{name}" for name in names] + [f"m{index}" for index in range(len(aggregate.measures))]
    columns += [
        f"CASE WHEN n{i} = 0 OR n{i} >= {sure} THEN (n{i} + {most - 1}) // {most} "
        f"WHEN b{i} >= {k_min} OR b{i} = 0 THEN b{i} ELSE e{i} END AS u{i}"
        for i in count
    ]
    joins = " ".join(f"LEFT JOIN {one} ON {same(names, _GROUPS, one)}" for one in (_HIT, _COUNTED))
    keys = ", ".join(names) or "1 AS one"
    few = " OR ".join(f"b{index} BETWEEN 1 AND {k_min - 1}" for index in count)
    return (
        f"WITH {_GROUPS} AS MATERIALIZED ({_rows_look(aggregate)}), "  # noqa: S608 - checked parts only
        f"{_OPEN} AS MATERIALIZED ({_open(aggregate, k_min, sure)}), "
        f"{_HIT} AS MATERIALIZED ({_buckets_look(aggregate)}), "
        f"{_UNSURE} AS MATERIALIZED (SELECT {keys} FROM {_HIT} WHERE {few}), "
        f"{_COUNTED} AS ({_second_look(aggregate)}) "
        f"SELECT * FROM (SELECT {', '.join(columns)} FROM {_GROUPS} {joins}) AS g WHERE {_floors(aggregate, k_min)}"
    )


def _rows_look(aggregate: Aggregate) -> str:
    return aggregate.grouped([f"{filtered('count(*)', one)} AS n{i}" for i, one in enumerate(aggregate.checks)])


def _open(aggregate: Aggregate, k_min: int, sure: int) -> str:
    """Groups that rows neither let through nor rule out."""
    strict = [index for index, check in enumerate(aggregate.checks.values()) if not check.loose]
    hopeful = [f"n{index} >= {k_min}" for index in strict] or ["TRUE"]
    few = " OR ".join(f"n{index} BETWEEN 1 AND {sure - 1}" for index in range(len(aggregate.checks)))
    names = ", ".join(aggregate.names) or "1 AS one"
    return f"SELECT {names} FROM {_GROUPS} WHERE {' AND '.join(hopeful)} AND ({few})"  # noqa: S608 - our own names


def _buckets_look(aggregate: Aggregate) -> str:
    hit = f"bit_or(CAST(1 AS UBIGINT) << (hash(unit) >> {64 - BUCKET_BITS}))"
    hits = [f"coalesce(bit_count({hit} FILTER (WHERE s{i})), 0) AS b{i}" for i in range(len(aggregate.checks))]
    told = ", ".join([*aggregate.names, *hits])
    rows = _their_rows(aggregate, _OPEN)
    return f"SELECT {told} FROM ({rows}) AS {_UNITS}{group_by(len(aggregate.names))}"  # noqa: S608 - checked parts only


def _in_two_looks(aggregate: Aggregate, k_min: int) -> str:
    names = aggregate.names
    columns = [f"{_GROUPS}.{name}" for name in names] + [f"m{index}" for index in range(len(aggregate.measures))]
    columns += [
        f"CASE WHEN b{i} >= {k_min} OR b{i} = 0 THEN b{i} ELSE e{i} END AS u{i}" for i in range(len(aggregate.checks))
    ]
    joined = f"SELECT {', '.join(columns)} FROM {_GROUPS} LEFT JOIN {_COUNTED} ON {same(names, _GROUPS, _COUNTED)}"  # noqa: S608 - checked parts only
    return (
        f"WITH {_GROUPS} AS MATERIALIZED ({_first_look(aggregate)}), "  # noqa: S608 - checked parts only
        f"{_UNSURE} AS MATERIALIZED ({_unsure(aggregate, k_min)}), {_COUNTED} AS ({_second_look(aggregate)}) "
        f"SELECT * FROM ({joined}) AS g WHERE {_floors(aggregate, k_min)}"
    )


def _first_look(aggregate: Aggregate) -> str:
    hit = f"bit_or(CAST(1 AS UBIGINT) << (hash({aggregate.unit}) >> {64 - BUCKET_BITS}))"
    buckets = [f"coalesce(bit_count({filtered(hit, one)}), 0) AS b{i}" for i, one in enumerate(aggregate.checks)]
    rows = filtered("count(*)", next(iter(aggregate.checks)))
    return aggregate.grouped([f"{rows} AS n", *buckets])


def _unsure(aggregate: Aggregate, k_min: int) -> str:
    """Groups the buckets neither let through nor rule out: fewer rows than k, or none on a side, rule a group out."""
    strict = [index for index, check in enumerate(aggregate.checks.values()) if not check.loose]
    hopeful = [f"n >= {k_min}", *(f"b{index} > 0" for index in strict)]
    open_ = " OR ".join(f"b{index} BETWEEN 1 AND {k_min - 1}" for index in range(len(aggregate.checks)))
    names = ", ".join(aggregate.names) or "1 AS one"
    return f"SELECT {names} FROM {_GROUPS} WHERE {' AND '.join(hopeful)} AND ({open_})"  # noqa: S608 - our own names


def _second_look(aggregate: Aggregate) -> str:
    """One row a unit and group first, then rows are counted: one pass serves all checks, each condition tried once."""
    names, count = aggregate.names, range(len(aggregate.checks))
    met = [f"bool_or(s{index}) AS s{index}" for index in count]
    units = (
        f"SELECT {', '.join([*names, 'unit', *met])} "  # noqa: S608 - checked parts only
        f"FROM ({_their_rows(aggregate, _UNSURE)}) AS {_ROWS}{group_by(len(names) + 1)}"
    )
    counts = [f"count(*) FILTER (WHERE s{index}) AS e{index}" for index in count]
    return f"SELECT {', '.join([*names, *counts])} FROM ({units}) AS {_UNITS}{group_by(len(names))}"  # noqa: S608 - same


def _their_rows(aggregate: Aggregate, groups: str) -> str:
    """The rows of some groups: keys, unit, and which of the checks each meets."""
    names = aggregate.names
    parts = {part: f"c{index}" for index, part in enumerate({part: None for one in aggregate.checks for part in one})}
    rows = [*aggregate.key_columns, f"{aggregate.unit} AS unit", *(f"{sql} AS {name}" for sql, name in parts.items())]
    met = [
        f"({' AND '.join(parts[part] for part in one) or 'TRUE'}) AS s{index}"
        for index, one in enumerate(aggregate.checks)
    ]
    # Nothing is read where there is no such group; of a whole table there is one group at most.
    those = f"SEMI JOIN {groups} ON {same(names, _ROWS, groups)}" if names else f"CROSS JOIN {groups}"
    columns = ", ".join([*(f"{_ROWS}.{name}" for name in names), "unit", *met])
    return f"SELECT {columns} FROM (SELECT {', '.join(rows)}{aggregate.read}) AS {_ROWS} {those}"  # noqa: S608 - same


def _floors(aggregate: Aggregate, k_min: int) -> str:
    return " AND ".join(
        f"(u{index} = 0 OR u{index} >= {k_min})" if check.loose else f"u{index} >= {k_min}"
        for index, check in enumerate(aggregate.checks.values())
    )


def same(names: Sequence[str], one: str, other: str) -> str:
    """NULL is a key like any other."""
    return " AND ".join(f"{one}.{name} IS NOT DISTINCT FROM {other}.{name}" for name in names) or "TRUE"


def group_by(columns: int) -> str:
    return f" GROUP BY {', '.join(str(index + 1) for index in range(columns))}" if columns else ""
