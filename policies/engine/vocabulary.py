"""The words rules may use: each fact with its kind, its values and its name in both languages. It decides nothing.

A word knows three things: whether a value is one of its own, what a condition on it allows, and how conditions cut it
into atoms, so that trying one value of each atom is trying them all.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

Value = str | bool | int
Allowed = frozenset[Value] | range

_COMPARISON = re.compile(r"(<=|>=|<|>) ?(-?[0-9]+)")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(_Part):
    """One sentence in the two languages of the exchange."""

    zh: Annotated[StrictStr, Field(min_length=1)]
    en: Annotated[StrictStr, Field(min_length=1)]


class EnumWord(_Part):
    kind: Literal["enum"]
    label: Text
    values: Annotated[Mapping[str, Text], Field(min_length=1)]

    def holds(self, value: object) -> bool:
        return isinstance(value, str) and value in self.values

    def allows(self, said: object) -> Allowed | None:
        """The values a condition lets through: one value or a list of them; None when it is not a condition."""
        listed = said if isinstance(said, list) else [said]
        known = [value for value in listed if isinstance(value, str) and value in self.values]
        fits = bool(listed) and len(set(known)) == len(listed)
        return frozenset(known) if fits else None

    def atoms(self, _: Iterable[Allowed]) -> frozenset[Value]:
        return frozenset(self.values)


class BoolWord(_Part):
    kind: Literal["bool"]
    label: Text

    def holds(self, value: object) -> bool:
        return isinstance(value, bool)

    def allows(self, said: object) -> Allowed | None:
        return frozenset({said}) if isinstance(said, bool) else None

    def atoms(self, _: Iterable[Allowed]) -> frozenset[Value]:
        return frozenset({False, True})


class IntWord(_Part):
    """A whole number from `min` to `max`, both included."""

    kind: Literal["int"]
    label: Text
    min: StrictInt
    max: StrictInt

    def holds(self, value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and self.min <= value <= self.max

    def allows(self, said: object) -> Allowed | None:
        """`7`, `"< 7"`, `"<= 7"`, `"> 7"` or `">= 7"`; a bound outside the word's own range is a slip."""
        if isinstance(said, int) and self.holds(said):
            return range(said, said + 1)
        match = _COMPARISON.fullmatch(said) if isinstance(said, str) else None
        if match is None or not self.holds(int(match[2])):
            return None
        bound = int(match[2])
        return {
            "<": range(self.min, bound),
            "<=": range(self.min, bound + 1),
            ">": range(bound + 1, self.max + 1),
            ">=": range(bound, self.max + 1),
        }[match[1]]

    def atoms(self, conditions: Iterable[Allowed]) -> frozenset[Value]:
        """The least number of each stretch between two cuts stands for the whole stretch."""
        cuts = {cut for one in conditions if isinstance(one, range) for cut in (one.start, one.stop)}
        return frozenset({self.min, *(cut for cut in cuts if self.holds(cut))})


class SetWord(_Part):
    """Any number of values of one enum word; rules may give it, never ask it."""

    kind: Literal["set"]
    label: Text
    of: StrictStr


Askable = EnumWord | BoolWord | IntWord
Word = Annotated[EnumWord | BoolWord | IntWord | SetWord, Field(discriminator="kind")]


class Vocabulary(_Part):
    version: Annotated[StrictStr, Field(pattern=r"^[0-9]{4}\.[0-9]+$")]
    effective_from: Annotated[StrictStr, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    words: Mapping[str, Word]
    reasons: Mapping[str, Text]
