"""The plan of one permitted query: the SQL that runs, and what is done with its rows before anything leaves.

Plain data: it can be signed, stored, compared and sent, and holds nothing of the buyer's text.
"""

import hashlib
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt, StrictStr

from policies.disclosure.columns import Kind

OutputKind = Literal["key", "count", "sum", "mean", "derived"]
OutputType = Literal["int", "decimal", "text", "date", "bool"]


class Term(BaseModel):
    """One step of arithmetic over released values. `text` is a literal; `place` an engine column."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    op: str
    args: tuple["Term", ...] = ()
    text: str | None = None
    place: int | None = None

    @property
    def places(self) -> tuple[int, ...]:
        """The engine columns it stands on."""
        here = () if self.place is None else (self.place,)
        return here + tuple(place for arg in self.args for place in arg.places)


class OutputColumn(BaseModel):
    """A column of the answer, as the buyer sees it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    kind: OutputKind
    type: OutputType


class Measure(BaseModel):
    """An engine column that holds a count, or a sum of integers that are 10**scale times the value."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["count", "sum"]
    scale: int
    grid: str
    # By how much one privacy unit can change all groups together (L2), in the column's own integers; noise only.
    unit_change: int | None = None


class Check(BaseModel):
    """An engine column that counts privacy units: at least k of them, or (when loose) none at all."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    loose: bool


class Ordering(BaseModel):
    """One ORDER BY item: a released value, and which way."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    term: Term
    descending: bool
    nulls_first: bool


class Post(BaseModel):
    """What `release` does: engine columns are the keys, then the measures, then the checks, then the dominances."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    keys: tuple[Kind, ...]
    measures: tuple[Measure, ...]
    checks: tuple[Check, ...]
    terms: tuple[Term, ...]
    having: Term | None
    order: tuple[Ordering, ...]
    limit: int | None
    offset: int
    # An engine column each that says whether one unit holds too much, and the measures that are hidden if so.
    dominances: tuple[tuple[int, ...], ...] = ()
    # The measure that decides by a threshold which keys may be told of; its L-infinity change is its `unit_change`.
    keys_by: int | None = None
    unit_groups_max: int | None = None
    # Of keys their provider declared, all values: each of their combinations is told of, and no threshold is needed.
    key_lists: tuple[tuple[StrictBool | StrictInt | StrictStr, ...], ...] = ()
    # For each published margin the keys of its lines; the engine then has a row for every cell, and behind the
    # dominances how many units the cell has and how many of each of its lines are in no told cell.
    lines: tuple[tuple[int, ...], ...] | None = None


class Plan(BaseModel):
    """A permitted query."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sql: str
    # The same query in what every engine has; equal to `sql` where nothing in that is DuckDB's alone.
    portable: str
    tables: tuple[str, ...]
    outputs: tuple[OutputColumn, ...]
    meaning_key: str
    post: Post
    mode: Literal["exact", "noise"]
    k_min: int

    @property
    def numbers_key(self) -> str:
        """The same for all plans that stand on the same numbers: HAVING, ORDER BY, LIMIT and arithmetic come after."""
        engine = self.post.model_dump_json(include={"keys", "measures", "keys_by", "unit_groups_max"})
        return hashlib.sha256("\n".join([self.mode, self.sql, engine]).encode()).hexdigest()

    @classmethod
    def of(
        cls,
        *,
        sql: str,
        portable: str,
        tables: tuple[str, ...],
        outputs: tuple[OutputColumn, ...],
        post: Post,
        controls_mode: str,
        k_min: int,
    ) -> Self:
        """The meaning leaves out the names the buyer chose: the same numbers under other headings are the same."""
        meaning = "\n".join([controls_mode, sql, post.model_dump_json()])
        return cls(
            sql=sql, portable=portable, tables=tables, outputs=outputs, post=post, k_min=k_min,
            mode="noise" if controls_mode == "noise" else "exact",
            meaning_key=hashlib.sha256(meaning.encode()).hexdigest(),
        )  # fmt: skip
