"""Proves things about whole tables by exact case-splitting: nothing is sampled, and no case is tried twice.

A box is a choice of atoms for every input. Taking a row away from a box leaves smaller boxes; what is left when all
rows are taken away is what no row covers. So completeness, dead rows and claims are all one subtraction, whatever the
number of cases, and each failure comes with a case that shows it.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import prod

from policies.engine.refused import Fault, PolicyRefused
from policies.engine.table import Row, Table, conditions
from policies.engine.vocabulary import Allowed, Value

Box = dict[str, frozenset[Value]]


def prove(table: Table) -> int:
    """No gap, no dead row, no overlap where rows must not overlap. Answers the number of distinguishable cases."""
    box = cases(table, {})
    gap = next(_remains(box, table.rows), None)
    if gap is not None:
        raise PolicyRefused(Fault.GAP, table.name, example(gap))
    if table.hit == "unique":
        _prove_unique(table, box)
    alive = {row.id for row, _ in deciding(table, {})}
    for row in table.rows:
        if row.id not in alive:
            raise PolicyRefused(Fault.DEAD_ROW, f"{table.name}/{row.id}")
    return count(box)


def deciding(table: Table, where: Mapping[str, object]) -> Iterator[tuple[Row, dict[str, Value]]]:
    """Each row that decides at least one case within `where`, with such a case."""
    box = cases(table, where)
    refusals = [row for row in table.rows if not row.permits]
    for place, row in enumerate(table.rows):
        met = _meet(box, row)
        if met is None:
            continue
        stronger = {"first": table.rows[:place], "unique": (), "all": refusals if row.permits else ()}[table.hit]
        left = next(_remains(met, stronger), None)
        if left is not None:
            yield row, example(left)


def cases(table: Table, where: Mapping[str, object]) -> Box:
    """All distinguishable cases of a table, or those within a condition."""
    wanted = conditions(table.inputs, where, table.name)
    return {
        name: _within(word.atoms(_said(table, wanted, name)), wanted.get(name)) for name, word in table.inputs.items()
    }


def count(box: Box) -> int:
    return prod(len(atoms) for atoms in box.values())


def example(box: Box) -> dict[str, Value]:
    return {name: min(atoms) for name, atoms in box.items()}


def left(box: Box, rows: Sequence[Row]) -> Box | None:
    """Some cases of a box that no row takes; none if the rows take all of it."""
    return next(_remains(box, rows), None)


def _said(table: Table, wanted: Mapping[str, Allowed], name: str) -> list[Allowed]:
    return [row.when[name] for row in table.rows if name in row.when] + ([wanted[name]] if name in wanted else [])


def _within(atoms: frozenset[Value], allowed: Allowed | None) -> frozenset[Value]:
    return atoms if allowed is None else frozenset(atom for atom in atoms if atom in allowed)


def _meet(box: Box, row: Row) -> Box | None:
    met = {name: _within(atoms, row.when.get(name)) for name, atoms in box.items()}
    return met if all(met.values()) else None


def _remains(box: Box, rows: Sequence[Row]) -> Iterator[Box]:
    """The disjoint boxes that are left of a box when every row is taken away."""
    if not rows:
        yield box
        return
    row, rest = rows[0], rows[1:]
    for name, allowed in row.when.items():
        inside = _within(box[name], allowed)
        outside = box[name] - inside
        if outside:
            yield from _remains({**box, name: outside}, rest)
        if not inside:
            return
        box = {**box, name: inside}


def _prove_unique(table: Table, box: Box) -> None:
    for place, row in enumerate(table.rows):
        met = _meet(box, row)
        for other in table.rows[place + 1 :]:
            shared = None if met is None else _meet(met, other)
            if shared is not None:
                raise PolicyRefused(Fault.OVERLAP, f"{table.name}/{row.id}, {other.id}", example(shared))
