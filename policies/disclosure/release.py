"""The door: the engine's rows in, the answer's cells out, each group's floor counted again on the way.

It trusts no count it was not given and no type it was not told; floats end here. It never lets a helper column out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pydantic import BaseModel, ConfigDict

from policies.disclosure.answers import Cell, as_cell, evaluate, sort_key
from policies.disclosure.intervals import Interval, Spread, interval
from policies.disclosure.listed import filled
from policies.disclosure.plan import Measure, Plan, Post
from policies.disclosure.refusals import Denied
from policies.disclosure.secondary import NO_LINE, Line, Placed, also_hidden


class Released(BaseModel):
    """An answer that may leave: integers, texts, ISO dates, decimal strings."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    columns: tuple[str, ...]
    rows: tuple[tuple[int | str | bool | None, ...], ...]
    # Cells that are NULL because one unit holds too much of a sum. Of groups below the floor nothing is told at all,
    # but where a margin is published, how many cells are missing for it and beside it.
    suppressed_cells: int = 0
    # Between which two numbers the answer without noise lies in 95 of 100 answers; none where nothing is known of it.
    intervals: tuple[tuple[Interval | None, ...], ...] | None = None


@dataclass(frozen=True, slots=True)
class Noisy:
    """What a noise mechanism makes of an answer: by their place, the groups it may tell of and their measures."""

    groups: Mapping[int, tuple[int, ...]]
    spreads: tuple[Spread, ...]


Noise = Callable[[Post, Sequence[Sequence[int]]], Noisy]
"""Draws the noise. It is told the bounds and the exact measures, and no keys."""


def release(plan: Plan, rows: Sequence[Sequence[Any]], k_min: int, noise: Noise | None = None) -> Released:
    """The answer to a plan, from the rows its SQL returned; `Denied` where a row is not what the plan says."""
    if (plan.mode == "exact") != (noise is None):
        raise Denied("R24", "no exact answer leaves under the mode noise", fix="release by noise")
    spreads: tuple[Spread, ...] | None = None
    missing = 0
    if noise is None:
        floor = max(k_min, plan.k_min)
        kept, missing = _along_lines(plan, rows, floor)
    else:
        kept, spreads = _noised(plan.post, rows, noise)
    post = plan.post
    if post.having is not None:
        kept = [row for row in kept if evaluate(post.having, row) is True]
    # Rows leave in the order of their keys, not of the engine's storage; ORDER BY is applied on top.
    kept.sort(key=lambda row: [sort_key(cell, descending=False, nulls_first=False) for cell in row[: len(post.keys)]])
    for one in reversed(post.order):
        found = [(sort_key(evaluate(one.term, row), descending=one.descending, nulls_first=one.nulls_first), row)
                 for row in kept]  # fmt: skip
        found.sort(key=lambda pair: pair[0], reverse=one.descending)
        kept = [row for _, row in found]
    last = None if post.limit is None else post.offset + post.limit
    kept = kept[post.offset : last]
    suppressed = missing * sum(1 for term in post.terms if any(place >= len(post.keys) for place in term.places))
    if post.dominances:
        dominated, told = _suppressed(post, kept)
        suppressed += dominated
        kept = kept if told else []  # All cells hidden is no answer.
    cells = tuple(
        tuple(as_cell(evaluate(term, row), output.type) for term, output in zip(post.terms, plan.outputs, strict=True))
        for row in kept
    )
    intervals = None
    if spreads is not None:
        intervals = tuple(tuple(interval(term, row, post, spreads) for term in post.terms) for row in kept)
    names = tuple(output.name for output in plan.outputs)
    return Released(columns=names, rows=cells, suppressed_cells=suppressed, intervals=intervals)


def _suppressed(post: Post, rows: list[list[Cell]]) -> tuple[int, int]:
    """How many cells are hidden, and how many that tell more than keys are not."""
    flags = len(post.measures)
    measured = [[place for place in term.places if place >= len(post.keys)] for term in post.terms]
    cells = [any(row[place + flags] is True for place in one) for row in rows for one in measured if one]
    return sum(cells), len(cells) - sum(cells)


def _noised(post: Post, rows: Sequence[Sequence[Any]], noise: Noise) -> tuple[list[list[Cell]], tuple[Spread, ...]]:
    """The groups the mechanism lets through, with its numbers in the place of the exact ones."""
    keys, exact = [], []
    for row in filled(post, rows):
        if len(row) != len(post.keys) + len(post.measures):
            raise Denied("R24", "a row that is not of the plan's shape")
        keys.append([_key(cell, kind) for cell, kind in zip(row, post.keys, strict=False)])
        exact.append([_whole(cell, one) for cell, one in zip(row[len(post.keys) :], post.measures, strict=True)])
    noisy = noise(post, exact)
    kept = [
        keys[place] + [Fraction(cell, 10**one.scale) for cell, one in zip(cells, post.measures, strict=True)]
        for place, cells in noisy.groups.items()
    ]
    return kept, noisy.spreads


def _whole(cell: Any, measure: Measure) -> int:
    if cell is None and measure.kind == "sum":
        return 0  # Of no value at all: with noise that is a sum like any other.
    if type(cell) is not int or (measure.kind == "count" and cell < 0):
        raise Denied("R24", "a measure that is no whole number")
    return cell


def _along_lines(plan: Plan, rows: Sequence[Sequence[Any]], floor: int) -> tuple[list[list[Cell]], int]:
    """The groups that may be told of, and how many are missing: none is counted where no margin is published."""
    post = plan.post
    if post.lines is None:
        return [_admitted(plan, row, floor) for row in rows], 0
    ends, first = len(post.keys) + len(post.measures) + len(post.checks) + len(post.dominances), len(post.keys)
    found: list[tuple[list[Cell], list[Cell] | None, Sequence[Any]]] = []
    for row in rows:
        counts = row[ends:]
        if len(counts) != 1 + len(post.lines) or any(type(one) is not int or one < 0 for one in counts):
            raise Denied("R24", "a cell of no known size")
        keys = [_key(cell, kind) for cell, kind in zip(row, post.keys, strict=False)]
        below = all(cell is None for cell in row[first:ends])
        found.append((keys, None if below else _admitted(plan, row[:ends], floor), counts))
    found.sort(key=lambda one: [sort_key(cell, descending=False, nulls_first=False) for cell in one[0]])
    placed: list[Placed] = []
    left: dict[Line, int] = {}
    for keys, cells, counts in found:
        lines: list[Line] = [(place, *(keys[key] for key in line)) for place, line in enumerate(post.lines)]
        left.update(zip(lines, counts[1:], strict=True))
        whole = cells is not None and True not in cells[first + len(post.measures) :]
        placed.append(Placed((lines[0], lines[1] if len(lines) > 1 else NO_LINE), counts[0], whole))
    also = also_hidden(placed, left, floor)
    kept = [cells for place, (_, cells, _) in enumerate(found) if cells is not None and place not in also]
    return kept, len(found) - len(kept)


def _admitted(plan: Plan, row: Sequence[Any], floor: int) -> list[Cell]:
    post = plan.post
    ends = len(post.keys) + len(post.measures) + len(post.checks)
    if len(row) != ends + len(post.dominances):
        raise Denied("R24", "a row that is not of the plan's shape")
    counted = row[len(post.keys) + len(post.measures) : ends]
    for check, units in zip(post.checks, counted, strict=True):
        if type(units) is not int or not (units >= floor or (check.loose and units == 0)):
            raise Denied("R24", "a group below the floor")
    keys = [_key(cell, kind) for cell, kind in zip(row, post.keys, strict=False)]
    measured = row[len(post.keys) : len(post.keys) + len(post.measures)]
    cells = [_measured(cell, measure) for cell, measure in zip(measured, post.measures, strict=True)]
    return keys + (_withheld(post, cells, row[ends:]) if post.dominances else cells)


def _withheld(post: Post, cells: list[Cell], dominated: Sequence[Any]) -> list[Cell]:
    """The measures without those that one unit nearly makes by itself, and behind them which those were."""
    if any(type(one) is not bool for one in dominated):
        raise Denied("R24", "a dominance that is neither true nor false")
    hidden = {place for places, one in zip(post.dominances, dominated, strict=True) if one for place in places}
    flags: list[Cell] = [place in hidden for place in range(len(cells))]
    return [None if place in hidden else cell for place, cell in enumerate(cells)] + flags


def _key(cell: Any, kind: str) -> Cell:
    if cell is None:
        return None
    # An engine behind a jail sends numbers that are not whole, and dates, as text; the plan says which it is.
    if kind in ("int", "number") and type(cell) in (int, float, Decimal, str):
        try:
            number = Fraction(str(cell))
        except (ValueError, ZeroDivisionError):
            raise Denied("R24", "a key that is no number") from None
        if kind == "number" or number.denominator == 1:
            return number
    if kind == "date" and type(cell) is str:
        return _date(cell)
    if kind == "date" and isinstance(cell, date):
        return cell.date() if isinstance(cell, datetime) else cell
    if (kind == "bool" and type(cell) is bool) or (kind == "text" and type(cell) is str):
        return cell if isinstance(cell, bool | str) else None
    raise Denied("R24", "a key that is not of its declared type")


def _date(text: str) -> date:
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise Denied("R24", "a key that is no date") from None


def _measured(cell: Any, measure: Measure) -> Cell:
    if cell is None and measure.kind == "sum":
        return None
    cell = _whole(cell, measure)
    if measure.kind == "count":
        return Fraction(cell)
    # Python rounds halves to even, so a grid point is where a sum is nearest, with no drift either way.
    grid = Fraction(measure.grid)
    return round(Fraction(cell, 10**measure.scale) / grid) * grid
