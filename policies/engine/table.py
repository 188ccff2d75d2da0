"""One decision table: its rows compiled against the vocabulary. A word or value the vocabulary lacks never gets in.

`hit` says which matching rows decide: `first` the topmost, `unique` the only one there can be, `all` every refusal
that applies (the topmost is primary) or, when none does, the permitting rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError

from policies.engine.refused import Fault, PolicyRefused
from policies.engine.vocabulary import Allowed, Askable, EnumWord, SetWord, Text, Value, Vocabulary, Word

Outcome = str | bool | int | tuple[str, ...]
Hit = Literal["first", "unique", "all"]


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WrittenRow(_Written):
    """A row as it stands in the file."""

    id: Annotated[StrictStr, Field(pattern=r"^[A-Z]+[A-Za-z0-9-]*$")]
    when: Mapping[str, object]
    effect: Literal["permit", "refuse"]
    reason: StrictStr | None = None
    then: Mapping[str, object] = Field(default_factory=dict)
    basis: Annotated[StrictStr, Field(min_length=1)]
    says: Text


class WrittenTable(_Written):
    table: StrictStr
    title: Text
    hit: Hit
    inputs: Annotated[tuple[StrictStr, ...], Field(min_length=1)]
    outputs: tuple[StrictStr, ...]
    rules: Annotated[tuple[WrittenRow, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    when: Mapping[str, Allowed]
    permits: bool
    reason: str | None
    then: Mapping[str, Outcome]
    basis: str
    says: Text

    def fits(self, facts: Mapping[str, Value]) -> bool:
        return all(facts[name] in allowed for name, allowed in self.when.items())


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    title: Text
    hit: Hit
    inputs: Mapping[str, Askable]
    outputs: Mapping[str, Word]
    rows: tuple[Row, ...]


def compiled(name: str, content: object, vocabulary: Vocabulary) -> Table:
    """The table of one file, every word of it known."""
    try:
        written = WrittenTable.model_validate(content)
    except ValidationError as error:
        place = ".".join(str(step) for step in error.errors()[0]["loc"])
        raise PolicyRefused(Fault.SHAPE, f"{name}: {place}") from None
    if written.table != name:
        raise PolicyRefused(Fault.SHAPE, f"{name}: table")
    if len({*written.inputs, *written.outputs}) != len(written.inputs) + len(written.outputs):
        raise PolicyRefused(Fault.DUPLICATE_KEY, f"{name}: inputs, outputs")
    inputs = {word: _askable(vocabulary, word, name) for word in written.inputs}
    outputs = {word: _known(vocabulary, word, name) for word in written.outputs}
    rows = tuple(_row(name, row, inputs, outputs, vocabulary) for row in written.rules)
    return Table(name, written.title, written.hit, inputs, outputs, rows)


def conditions(inputs: Mapping[str, Askable], when: Mapping[str, object], where: str) -> dict[str, Allowed]:
    """What each named input may be, for a row or for a claim."""
    found: dict[str, Allowed] = {}
    for name, said in when.items():
        if name not in inputs:
            raise PolicyRefused(Fault.WORD, f"{where}: {name}")
        allowed = inputs[name].allows(said)
        if not allowed:
            raise PolicyRefused(Fault.VALUE, f"{where}: {name}")
        found[name] = allowed
    return found


def _row(
    table: str, row: WrittenRow, inputs: Mapping[str, Askable], outputs: Mapping[str, Word], vocabulary: Vocabulary
) -> Row:
    where = f"{table}/{row.id}"
    # A refusal must have a reason of the closed list, and a permission has nothing to excuse.
    if (row.reason is None) != (row.effect == "permit"):
        raise PolicyRefused(Fault.SHAPE, f"{where}: reason")
    if row.reason is not None and row.reason.partition(":")[0] not in vocabulary.reasons:
        raise PolicyRefused(Fault.WORD, f"{where}: reason")
    # A permission says everything the table promises; a refusal may say less, so nothing is read out of it by accident.
    if not set(row.then) <= set(outputs) or (row.effect == "permit" and set(row.then) != set(outputs)):
        raise PolicyRefused(Fault.OUTPUT, where)
    then = {name: _given(outputs[name], said, vocabulary, f"{where}: {name}") for name, said in row.then.items()}
    when = conditions(inputs, row.when, where)
    return Row(row.id, when, row.effect == "permit", row.reason, then, row.basis, row.says)


def _given(word: Word, said: object, vocabulary: Vocabulary, where: str) -> Outcome:
    if isinstance(word, SetWord):
        of = vocabulary.words.get(word.of)
        if isinstance(of, EnumWord) and isinstance(said, list) and (not said or of.allows(said)):
            return tuple(said)
    elif word.holds(said) and isinstance(said, str | int):
        return said
    raise PolicyRefused(Fault.VALUE, where)


def _known(vocabulary: Vocabulary, word: str, table: str) -> Word:
    if word not in vocabulary.words:
        raise PolicyRefused(Fault.WORD, f"{table}: {word}")
    return vocabulary.words[word]


def _askable(vocabulary: Vocabulary, word: str, table: str) -> Askable:
    known = _known(vocabulary, word, table)
    if isinstance(known, SetWord):
        raise PolicyRefused(Fault.WORD, f"{table}: {word}")
    return known
