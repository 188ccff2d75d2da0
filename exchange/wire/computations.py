"""What a buyer may send to the data. One class a kind; the union is closed, so an unknown kind is refused when read."""

from collections.abc import Mapping
from typing import Annotated, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, field_validator

from exchange.wire.acts import Id
from exchange.wire.templates import PARAMETERS_MAX, Given, Name

SQL_CHARACTERS_MAX = 8_000
SQL_BYTES_MAX = 8_002


class SqlQuery(BaseModel):
    """One SELECT in DuckDB's dialect. It is never executed as written: the domain runs what its own analyser writes."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["sql"]
    sql: str = Field(min_length=1, max_length=SQL_CHARACTERS_MAX)

    @field_validator("sql")
    @classmethod
    def _fits(cls, sql: str) -> str:
        """As on the wire, quotes included: a ticket too long for its domain's queue must never be signed."""
        if len(orjson.dumps(sql)) > SQL_BYTES_MAX:
            raise ValueError("the text is too long")
        return sql


class TemplateRun(BaseModel):
    """One run of a template the provider approved: only its parameters are the buyer's to say."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["template"]
    template_id: Id
    parameters: Mapping[Name, Given] = Field(default={}, max_length=PARAMETERS_MAX)


Computation = Annotated[SqlQuery | TemplateRun, Field(discriminator="kind")]
"""Every kind there is. A further kind is a further class in this union and one module in the domain."""
