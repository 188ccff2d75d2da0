"""What a provider declares of a table, and what may be told of it afterwards. No data and no reading of data."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from policies.disclosure import Column, Table

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Type = Literal["int", "number", "text", "date", "bool"]


class AssetSpec(BaseModel):
    """One table: whom its rows are about (no `unit` where it is public), what tells a row, what each column is for.

    A column that is not declared is left behind.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: Name
    unit: Name | None
    units_of: str | None
    key: tuple[tuple[Name, ...], ...]
    unit_rows_kept: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """How many rows of one unit count in an answer with noise; without it, as many as any unit has."""
    margins: tuple[tuple[Name, ...], ...] = ()
    """Which totals the provider publishes, each by some columns; by none of them, the total of all."""
    columns: Mapping[Name, Column]

    @model_validator(mode="after")
    def _declared_in_full(self) -> Self:
        if not self.columns or any(column.type is None for column in self.columns.values()):
            raise ValueError("there are columns, and every column has a type")
        # What the analyser asks of a table is asked before one is prepared, and said in one place.
        self.table_of()
        return self

    def table_of(self, **counted: Any) -> Table:
        """The table as the analyser sees it: what is declared here, and what was counted."""
        return Table(
            unit=self.unit,
            units_of=self.units_of,
            key=self.key,
            unit_rows_kept=self.unit_rows_kept,
            margins=self.margins,
            columns=self.columns,
            **counted,
        )


class ColumnProfile(BaseModel):
    """The bounds are the declared ones, as decimal text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    type: Type
    nulls: int
    bounds: tuple[str, str] | None

    @classmethod
    def of(cls, name: str, column: Column, nulls: int) -> Self:
        bounds = None if column.bounds is None else (str(column.bounds[0]), str(column.bounds[1]))
        return cls(name=name, type=column.kind, nulls=nulls, bounds=bounds)


class Profile(BaseModel):
    """All that leaves the domain about a table: counts, what was declared, and the digest of the prepared file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: Name
    rows: int
    units: int | None
    unit_rows_max: int | None
    columns: tuple[ColumnProfile, ...]
    fingerprint: str
    lineages: tuple[str, ...] = ()
    """By which names the domain knows these rows; privacy budgets are kept by them."""


def controlled(spec: AssetSpec, profile: Profile) -> Table:
    """The table as the analyser sees it: declared uses and bounds, counted rows."""
    return spec.table_of(rows_max=profile.rows, unit_rows_max=profile.unit_rows_max, lineages=profile.lineages)
