"""What may be asked of templates and approvals over HTTP. Unknown fields are refused."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from exchange.kernel.text import Line, Paragraph
from exchange.wire.acts import Id, Seconds
from exchange.wire.computations import SQL_CHARACTERS_MAX as SQL_MAX
from exchange.wire.envelope import Envelope
from exchange.wire.templates import PARAMETERS_MAX, SQL_CHARACTERS_MAX, Name, Parameter
from policies.disclosure import GRANTS_MAX, Grant


class Ask(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TemplateAsk(Ask):
    """A SELECT in which `:name` stands for a parameter. `for_all`: for everybody with a licence, not for the author."""

    asset_id: Id
    title: Line
    sql: Annotated[str, Field(min_length=1, max_length=SQL_CHARACTERS_MAX)]
    parameters: Mapping[Name, Parameter] = Field(default={}, max_length=PARAMETERS_MAX)
    valid_to_s: Seconds
    for_all: bool = False


class ControlsAsk(Ask):
    """Uses of columns by name, or a refused query and whatever it would need: one of the two."""

    licence_id: Id
    sql: Annotated[str, Field(min_length=1, max_length=SQL_MAX)] | None = None
    grants: tuple[Grant, ...] = Field(default=(), max_length=GRANTS_MAX)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.sql is None) == (not self.grants):
            raise ValueError("a query or grants")
        return self


class ApprovalAsk(Ask):
    """What the provider's domain signed, where its word has to be signed."""

    envelope: Envelope | None = None


class RejectionAsk(Ask):
    reason: Annotated[Paragraph, Field(max_length=500)]


class DelegationAsk(Ask):
    delegate_id: Id
