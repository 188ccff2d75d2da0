"""Secondary suppression: which cells are hidden beside those that must be, so that no published total gives one back.

Cells lie on lines that add up to a known total: each on one line of a first margin and one of a second. Seen as edges
between lines, a hidden cell can be computed from the totals just when it lies on no ring of hidden cells. This reads
no data but how many units a cell has, and never hides less than it was given.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

Line = tuple[object, ...]
# Where there is one margin, the second line of every cell: its total is what all others add up to.
NO_LINE: Line = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A cell, its two lines, its number of units, and whether all of it may be told."""

    lines: tuple[Line, Line]
    units: int
    told: bool


def also_hidden(cells: Sequence[Placed], left: Mapping[Line, int], k_min: int) -> frozenset[int]:
    """The places of the told cells that are hidden as well; of equals the first.

    `left` says how many units of a line are in no told cell: with fewer than k, its smallest cell joins them.
    """
    hidden = {place for place, cell in enumerate(cells) if not cell.told}
    thin = {line for line, units in left.items() if 0 < units < k_min}
    # All cells told, and few units left out by a condition: those are one unknown more.
    outside = thin - {line for place in hidden for line in cells[place].lines}
    cells = [*cells, *(Placed((line, NO_LINE), 0, False) for line in outside if cells[0].lines[1] == NO_LINE)]
    hidden |= {place for place in range(len(cells)) if not cells[place].told}
    more = _one_of_each(cells, hidden, thin)
    while found := _round(cells, hidden | more):
        more |= found
    return frozenset(more)


def _round(cells: Sequence[Placed], hidden: Set[int]) -> set[int]:
    """For each line with one hidden cell its smallest told one; else one cell that closes a ring."""
    open_ = bridges(cells, hidden)
    count: dict[Line, int] = defaultdict(int)
    for place in hidden:
        for line in cells[place].lines:
            count[line] += 1
    alone = {line for place in open_ for line in cells[place].lines if line != NO_LINE and count[line] == 1}
    if picked := _one_of_each(cells, hidden, alone):
        return picked
    told = list(_in_order(cells, hidden))
    for place in sorted(open_):
        side = _side(cells, hidden, place)
        # The smallest told cell that leads out of these lines.
        for other in told:
            if len(side.intersection(cells[other].lines)) == 1:
                return {other}
    return set()


def _one_of_each(cells: Sequence[Placed], hidden: Set[int], lines: set[Line]) -> set[int]:
    """The smallest told cell of each of these lines."""
    picked: dict[Line, int] = {}
    for place in _in_order(cells, hidden) if lines else ():
        for line in lines.intersection(cells[place].lines):
            picked.setdefault(line, place)
    return set(picked.values())


def _in_order(cells: Sequence[Placed], hidden: Set[int]) -> Iterator[int]:
    return iter(sorted((p for p in range(len(cells)) if p not in hidden), key=lambda p: (cells[p].units, p)))


def _side(cells: Sequence[Placed], hidden: Set[int], without: int) -> set[Line]:
    """The lines that hidden cells join with the first line of one of them, without it."""
    at = _at(cells, hidden - {without})
    reached = [cells[without].lines[0]]
    seen = set(reached)
    for line in reached:
        for other, _ in at[line]:
            if other not in seen:
                seen.add(other)
                reached.append(other)
    return seen


def bridges(cells: Sequence[Placed], hidden: Set[int]) -> set[int]:
    """The hidden cells on no ring: those that the totals give away."""
    at = _at(cells, hidden)
    entered: dict[Line, int | None] = {}
    walk: list[tuple[Line, Line | None]] = []
    for root in list(at):
        if root not in entered:
            entered[root] = None
            _walk(root, at, entered, walk)
    # Each cell outside the tree closes one ring; on the way up, a tree cell that no ring passes is left with none.
    rings: dict[Line, int] = defaultdict(int)
    for place in hidden:
        one, other = cells[place].lines
        if place not in (entered[one], entered[other]):
            rings[one] ^= 1 << place
            rings[other] ^= 1 << place
    found = set()
    for line, up in reversed(walk):
        by = entered[line]
        if up is not None and by is not None:
            rings[up] ^= rings[line]
            if not rings[line]:
                found.add(by)
    return found


def _walk(
    root: Line,
    at: Mapping[Line, list[tuple[Line, int]]],
    entered: dict[Line, int | None],
    walk: list[tuple[Line, Line | None]],
) -> None:
    mine: list[tuple[Line, Line | None]] = [(root, None)]
    for line, _ in mine:
        for other, place in at[line]:
            if other not in entered:
                entered[other] = place
                mine.append((other, line))
    walk += mine


def _at(cells: Sequence[Placed], hidden: Set[int]) -> dict[Line, list[tuple[Line, int]]]:
    found: dict[Line, list[tuple[Line, int]]] = defaultdict(list)
    for place in sorted(hidden):
        one, other = cells[place].lines
        found[one].append((other, place))
        found[other].append((one, place))
    return found
