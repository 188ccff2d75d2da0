"""What changes between two sets of rules, by example: no row that comes, goes or changes a decision is left unshown.

A case is the facts of both sides; each side is asked its own questions of it. Changes nothing, and guesses nothing:
like the proof, it splits cases exactly. What only one side's words can say is listed apart: the other cannot decide it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from policies.engine.decide import Decision, decide
from policies.engine.policy_set import PolicySet
from policies.engine.prove import Box, example, left
from policies.engine.table import Row, Table
from policies.engine.vocabulary import Askable, EnumWord, Value


@dataclass(frozen=True, slots=True)
class Change:
    """One case that was decided in one way and now is in another."""

    table: str
    facts: Mapping[str, Value]
    before: Decision
    after: Decision


@dataclass(frozen=True, slots=True)
class Difference:
    """`asked` are inputs and values only one side has, as `table: input` or `table: input=value`."""

    tables_gone: tuple[str, ...]
    tables_new: tuple[str, ...]
    asked_gone: tuple[str, ...]
    asked_new: tuple[str, ...]
    changes: tuple[Change, ...]


def diff(old: PolicySet, new: PolicySet) -> Difference:
    shared = [name for name in old.tables if name in new.tables]
    return Difference(
        tables_gone=tuple(sorted(old.tables.keys() - new.tables.keys())),
        tables_new=tuple(sorted(new.tables.keys() - old.tables.keys())),
        asked_gone=tuple(one for name in shared for one in _asked_only_by(old.tables[name], new.tables[name])),
        asked_new=tuple(one for name in shared for one in _asked_only_by(new.tables[name], old.tables[name])),
        changes=tuple(change for name in shared for change in _changes(old, new, name)),
    )


def _changes(old: PolicySet, new: PolicySet, name: str) -> Iterator[Change]:
    before, after = old.tables[name], new.tables[name]
    if before == after:
        return
    box, shown = _shared_cases(before, after), set[tuple[bool, str]]()
    for was, now, stronger in _pairs(before, after):
        # Where every refusal counts, a row seen alone need not be seen once more beside each of the others.
        moved = {(True, was.id)} if was not in after.rows else set()
        moved |= {(False, now.id)} if now not in before.rows else set()
        if before.hit == after.hit == "all" and moved and moved <= shown:
            continue
        case = _case(box, (was, now), stronger)
        if case is not None:
            shown |= moved
            yield Change(name, case, _decided(old, before, case), _decided(new, after, case))


def _pairs(before: Table, after: Table) -> Iterator[tuple[Row, Row, Sequence[Row]]]:
    """Rows that say different things, with the rows that go before either; what turns yes and no around comes first."""
    pairs = [
        (was, now, (*stronger, *stronger_now))
        for was, stronger in _primary(before)
        for now, stronger_now in _primary(after)
        if _says(was) != _says(now)
    ]
    yield from sorted(pairs, key=lambda pair: pair[0].permits == pair[1].permits)


def _says(row: Row) -> tuple[object, ...]:
    return row.permits, row.reason, dict(row.then)


def _primary(table: Table) -> Iterator[tuple[Row, Sequence[Row]]]:
    """Each row with those that go before it, in the order in which a row is the primary one."""
    rows = sorted(table.rows, key=lambda row: row.permits) if table.hit == "all" else table.rows
    for place, row in enumerate(rows):
        yield row, rows[:place]


def _case(box: Box, both: Sequence[Row], stronger: Sequence[Row]) -> dict[str, Value] | None:
    for row in both:
        box = {name: frozenset(one for one in atoms if _lets(row, name, one)) for name, atoms in box.items()}
    return None if not all(box.values()) else _first(box, stronger)


def _first(box: Box, stronger: Sequence[Row]) -> dict[str, Value] | None:
    """A case in the box that no stronger row takes. A row that takes the whole box settles it at once."""
    touching = [row for row in stronger if all(any(_lets(row, name, one) for one in box[name]) for name in row.when)]
    if any(all(_lets(row, name, one) for name in row.when for one in box[name]) for row in touching):
        return None
    remains = left(box, touching)
    return None if remains is None else example(remains)


def _lets(row: Row, name: str, value: Value) -> bool:
    return name not in row.when or value in row.when[name]


def _shared_cases(old: Table, new: Table) -> Box:
    """All cases both sides can distinguish and both know the words of."""
    box: Box = {}
    for name in dict.fromkeys((*old.inputs, *new.inputs)):
        words = [table.inputs[name] for table in (old, new) if name in table.inputs]
        said = [row.when[name] for table in (old, new) for row in table.rows if name in row.when]
        atoms = frozenset(atom for word in words for atom in word.atoms(said))
        box[name] = frozenset(atom for atom in atoms if all(word.holds(atom) for word in words))
    return box


def _decided(policies: PolicySet, table: Table, case: Mapping[str, Value]) -> Decision:
    return decide(policies, table.name, {name: case[name] for name in table.inputs})


def _asked_only_by(one: Table, other: Table) -> Iterator[str]:
    for name, word in one.inputs.items():
        if name not in other.inputs:
            yield f"{one.name}: {name}"
        else:
            yield from (f"{one.name}: {name}={value}" for value in _values_beyond(word, other.inputs[name]))


def _values_beyond(word: Askable, other: Askable) -> list[str]:
    if isinstance(word, EnumWord) and isinstance(other, EnumWord):
        return sorted(word.values.keys() - other.values.keys())
    return [] if word.kind == other.kind else [word.kind]
