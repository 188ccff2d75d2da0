"""Controls: what a provider lets queries do with each column of each table.

They are read once, checked word by word, and never widened by anything a query says.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from unicodedata import normalize

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
    field_validator,
    model_validator,
)

from policies.disclosure.refusals import ControlsRefused

Use = Literal["output", "group", "aggregate", "filter", "join"]
Kind = Literal["int", "number", "text", "date", "bool"]
Grain = Literal["day", "week", "month", "quarter", "year"]
EVERY_USE: frozenset[Use] = frozenset({"output", "group", "aggregate", "filter", "join"})
NUMBER_MAX = Decimal(10) ** 15


def folded(name: str) -> str:
    """Names meet as in the engine: ASCII letters fold, nothing else does, so a look-alike stays a stranger."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


class Column(BaseModel):
    """One column: by default it may appear nowhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    uses: frozenset[Use] = frozenset()
    bounds: tuple[Decimal, Decimal] | None = None
    type: Kind | None = None
    not_null: bool = False
    grain: Grain = "week"
    grid: Decimal | None = None
    # The public list of its values, where there is one: known keys need no threshold in an answer with noise.
    keys: tuple[StrictBool | StrictInt | StrictStr, ...] | None = Field(default=None, min_length=1, max_length=1_000)

    @field_validator("bounds", "grid", mode="before")
    @classmethod
    def _written_exactly(cls, value: Any) -> Any:
        # A float has already lost what the provider meant; integers and decimal strings have not.
        parts = value if isinstance(value, list | tuple) else [value]
        if any(isinstance(part, float | bool) for part in parts):
            raise ValueError("write integers or decimal strings")
        return value

    @field_validator("type", mode="before")
    @classmethod
    def _one_word_for_numbers(cls, value: Any) -> Any:
        return "number" if value == "float" else value

    @model_validator(mode="after")
    def _sane(self) -> Self:
        if self.bounds is not None:
            low, high = self.bounds
            if not (low.is_finite() and high.is_finite() and low <= high and max(abs(low), abs(high)) <= NUMBER_MAX):
                raise ValueError("bounds are two finite numbers, low first, within 1e15")
            if self.kind not in ("int", "number"):
                raise ValueError("only numbers have bounds")
        if self.keys is not None and not _is_key_list(self.keys, self.kind):
            raise ValueError("keys are distinct words, whole numbers or truths, as the type says")
        if self.grid is not None and not (self.grid.is_finite() and Decimal("1e-6") <= self.grid <= NUMBER_MAX):
            raise ValueError("a grid is a number from 1e-6 to 1e15")
        return self

    @property
    def kind(self) -> Kind:
        """The declared type; of an undeclared one we know only that bounds belong to numbers."""
        if self.type is not None:
            return self.type
        return "number" if self.bounds is not None else "text"


def _is_key_list(keys: tuple[bool | int | str, ...], kind: Kind) -> bool:
    """One type, none twice, and each with one spelling only on its way out."""
    wanted = {"text": str, "int": int, "bool": bool}.get(kind)
    plain = all(isinstance(one, bool) or abs(one) <= NUMBER_MAX for one in keys if isinstance(one, int))
    words = all(len(one) <= 200 and normalize("NFC", one) == one for one in keys if isinstance(one, str))
    return len(set(keys)) == len(keys) and all(type(one) is wanted for one in keys) and plain and words


class Table(BaseModel):
    """One asset as queries see it. Without a unit it is public."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    unit: str | None = None
    units_of: str | None = None
    key: tuple[tuple[str, ...], ...] = ()
    rows_max: int | None = Field(default=None, ge=1)
    unit_rows_max: int | None = Field(default=None, ge=1)
    # How many rows of one unit count in an answer with noise: the provider's choice, fewer rows for less noise.
    unit_rows_kept: int | None = Field(default=None, ge=1, le=100_000)
    # By which names the domain knows these rows: the same as long as any of them is the same. Budgets are kept by them.
    lineages: tuple[Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")], ...] = Field(default=(), max_length=16)
    # Which totals the provider publishes: each by some columns, by none of them the total of all.
    margins: tuple[tuple[str, ...], ...] = ()
    columns: Mapping[str, Column]

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        _distinct(self.columns)
        named = [name for key in self.key for name in key] + ([self.unit] if self.unit else [])
        if any(name not in self.columns for name in named):
            raise ValueError("the unit and the keys are columns of the table")
        if (self.unit is None) != (self.units_of is None) or any(not key for key in self.key):
            raise ValueError("a unit says of what kind it is; a key has columns")
        if self.unit is not None and any("output" in column.uses for column in self.columns.values()):
            raise ValueError("only a public table has columns with the use output")
        if any(name not in self.columns or name == self.unit for margin in self.margins for name in margin):
            raise ValueError("a margin is by columns of the table other than the unit")
        if self.unit is None and self.margins:
            raise ValueError("of a public table everything is published")
        return self


class Controls(BaseModel):
    """Everything the analyser may know of a domain: names, uses, bounds and the floor."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    tables: Mapping[str, Table]
    k_min: int = Field(default=10, ge=2)
    mode: Literal["exact", "noise"] = "exact"
    # The largest share of an exact sum one unit may hold, in basis points; 10,000 is no rule.
    dominance_bp_max: int = Field(default=10_000, ge=1, le=10_000)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        _distinct(self.tables)
        return self


def load_controls(mapping: Mapping[str, Any]) -> Controls:
    """Read a controls file; a word we do not know refuses the whole file."""
    try:
        return Controls.model_validate(mapping)
    except ValidationError as error:
        places = sorted({".".join(str(part) for part in one["loc"]) for one in error.errors(include_input=False)})
        raise ControlsRefused("; ".join(places[:5])) from None


def _distinct(names: Mapping[str, Any]) -> None:
    if len({folded(name) for name in names}) != len(names):
        raise ValueError("two names differ only in case")
    if any(not name or len(name) > 63 or not name.replace("_", "a").isalnum() or name[0].isdigit() for name in names):
        raise ValueError("a name is letters, digits and underscores")
