"""Query templates: one SELECT with typed parameters, signed by the provider's own key. Pure.

A value is checked against its declaration and then stands in the tree as a literal; it is never read as SQL.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from exchange.wire import canonical
from exchange.wire.acts import Act, Digest, Domain, Id, Seconds

SQL_CHARACTERS_MAX = 4_000
ACT_BYTES_MAX = 8_000
"""It travels beside its ticket: a longer one would not fit into a domain's queue."""
PARAMETERS_MAX = 12
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Whole = Annotated[int, Field(strict=True, ge=-(10**15), le=10**15)]
Given = Annotated[str, Field(strict=True, max_length=100)] | Whole
"""A value as the buyer sends it: a whole number, a word of a list, or a date such as 2026-03-31."""


class BadParameter(ValueError):
    """A value that is missing, too many, or outside what was declared. Says which parameter, never which value."""

    def __init__(self, name: str) -> None:
        super().__init__("a parameter is not as declared")
        self.name = name


class IntegerRange(BaseModel):
    """A whole number from `low` to `high` in steps of `step`: wide steps leave less to tell two answers apart by."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["integer"]
    low: Whole
    high: Whole
    step: Annotated[int, Field(strict=True, ge=1, le=10**15)] = 1

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.high < self.low:
            raise ValueError("low comes first")
        return self

    @property
    def ends(self) -> tuple[Given, ...]:
        return (self.low, self.low + (self.high - self.low) // self.step * self.step)

    def literal(self, given: Given) -> int | None:
        fits = type(given) is int and self.low <= given <= self.high and (given - self.low) % self.step == 0
        return int(given) if fits else None


class DateRange(BaseModel):
    """A date from `first` to `last`, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["date"]
    first: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    last: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if date.fromisoformat(self.last) < date.fromisoformat(self.first):
            raise ValueError("the first day comes first")
        return self

    @property
    def ends(self) -> tuple[Given, ...]:
        return (self.first, self.last)

    def literal(self, given: Given) -> date | None:
        try:
            # One spelling only: Python also reads 20260331 and 2026-W14-2.
            day = date.fromisoformat(given) if isinstance(given, str) and _DAY.fullmatch(given) else None
            return day if day and date.fromisoformat(self.first) <= day <= date.fromisoformat(self.last) else None
        except ValueError:
            return None


class OneOf(BaseModel):
    """One of a declared list of words."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["choice"]
    values: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _words(self) -> Self:
        if len(set(self.values)) != len(self.values) or not all(one.isprintable() for one in self.values):
            raise ValueError("printable words, each once")
        return self

    @property
    def ends(self) -> tuple[Given, ...]:
        return (self.values[0], self.values[-1])

    def literal(self, given: Given) -> str | None:
        return given if isinstance(given, str) and given in self.values else None


Parameter = Annotated[IntegerRange | DateRange | OneOf, Field(discriminator="kind")]


class QueryTemplate(Act):
    """What the provider approved once, for as long as it says: this text, these parameters, over these controls."""

    TYPE: ClassVar[str] = "application/vnd.dx.template+json"
    id: Id
    asset_id: Id
    provider_id: Id
    domain: Domain
    buyer_id: Annotated[str, Field(pattern=r"^([a-z]{2,8}_[A-Za-z0-9_-]{1,80})?$")]
    """Whose it is; empty for everybody with a licence."""
    sql: Annotated[str, Field(min_length=1, max_length=SQL_CHARACTERS_MAX)]
    parameters: Mapping[Name, Parameter] = Field(max_length=PARAMETERS_MAX)
    exact: bool
    """Answered exactly, over at least `k_min` units and without any formal guarantee; otherwise with noise."""
    k_min: Annotated[int, Field(ge=2, le=10**6)]
    dominance_bp_max: Annotated[int, Field(ge=1, le=10_000)]
    controls_digest: Digest
    valid_to_s: Seconds

    @property
    def fits(self) -> bool:
        """Whether it can travel."""
        return len(canonical.encode(self.model_dump(mode="json"))) <= ACT_BYTES_MAX


def literals(declared: Mapping[str, Parameter], given: Mapping[str, Given]) -> dict[str, int | str | date]:
    """The values to put in, each of its declared type and within its range. Raises `BadParameter`."""
    found: dict[str, int | str | date] = {}
    for name in sorted(declared.keys() | given.keys()):
        value = declared[name].literal(given[name]) if name in declared and name in given else None
        if value is None:
            raise BadParameter(name if name in declared else "")
        found[name] = value
    return found


def corners(declared: Mapping[str, Parameter]) -> list[dict[str, Given]]:
    """Assignments that between them use both ends of every parameter, alone and together: what a reviewer tries out."""
    lowest = {name: one.ends[0] for name, one in declared.items()}
    found = [lowest, {name: one.ends[-1] for name, one in declared.items()}]
    found += [{**lowest, name: value} for name, one in declared.items() for value in one.ends[1:]]
    return [one for index, one in enumerate(found) if one not in found[:index]]
