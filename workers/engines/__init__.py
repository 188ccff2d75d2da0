"""What a data engine is: rows for a checked query, or one code. The engines themselves are one module each.

An engine never sees the buyer's text, decides nothing about disclosure, and its error text never gets past it.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, Self

from pydantic import BaseModel, ConfigDict, PositiveInt

Cell = int | str | bool | None


class EngineCode(StrEnum):
    """All that can be said of a query that gave no rows."""

    TIMEOUT = "TIMEOUT"
    MEMORY = "MEMORY"
    OUTPUT_TOO_LARGE = "OUTPUT_TOO_LARGE"
    FAILED = "FAILED"


class EngineRefused(Exception):
    """No rows, and the one word why."""

    def __init__(self, code: EngineCode) -> None:
        super().__init__(code.value)
        self.code = code


class Limits(BaseModel):
    """What one query may use. Time is a deadline by the clock and, apart from it, a sum over processors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    wall_s: PositiveInt
    cpu_s: PositiveInt
    memory_bytes: PositiveInt
    output_bytes: PositiveInt
    rows_max: PositiveInt


@dataclass(frozen=True, slots=True)
class Answered:
    """Unreleased rows: still inside the domain. Whole numbers, text, truth, nothing; measurements as text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Engine(Protocol):
    """A place where checked queries run. Opened and closed by `with`; `run` may be called from several threads."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def portable(self, tables: AbstractSet[str]) -> bool:
        """Whether queries over these tables are to come in the plan's portable text."""
        ...

    def run(self, sql: str, tables: AbstractSet[str]) -> Answered:
        """The rows of one SELECT that reads only `tables`; raises `EngineRefused`."""
        ...
