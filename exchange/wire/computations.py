"""What a buyer may send to the data. One class a kind; the union is closed, so an unknown kind is refused when read."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SQL_CHARACTERS_MAX = 8_000


class SqlQuery(BaseModel):
    """One SELECT in DuckDB's dialect. It is never executed as written: the domain runs what its own analyser writes."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["sql"]
    sql: str = Field(min_length=1, max_length=SQL_CHARACTERS_MAX)


Computation = Annotated[SqlQuery, Field(discriminator="kind")]
"""Every kind there is. A further kind is a further class in this union and one module in the domain."""
