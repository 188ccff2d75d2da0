"""Grades an asset from its fields: every harm of every field is put to the table; the highest wins (就高从严).

Never lowers a grade, and never grades what it does not know: an unknown word, a field without an impact or an asset
without fields is refused.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from policies.engine import Decision, PolicyRefused, PolicySet, decide
from policies.engine.refused import Fault
from policies.engine.vocabulary import Value

RISING = ("G1", "G2", "G3", "G4", "IMPORTANT", "CORE")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Impact(_Part):
    """One harm: to whom, and how badly, as the national matrix has it."""

    impact_object: StrictStr
    impact_degree: StrictStr


class GradedField(_Part):
    """What a provider says of one field. `declared_as` is its own word or an authority's catalogue."""

    name: Annotated[StrictStr, Field(min_length=1, max_length=128)]
    impacts: tuple[Impact, ...]
    pi: StrictStr
    pi_persons: int
    declared_as: StrictStr


class Graded(NamedTuple):
    grade: str
    decisions: Mapping[str, Decision]


def grade(policies: PolicySet, fields: Sequence[GradedField]) -> Graded:
    """The asset's grade, and for each field the decision that gave the field its own."""
    if not fields or len({field.name for field in fields}) != len(fields):
        raise PolicyRefused(Fault.FACT_MISSING, "grading: fields, each named once")
    decisions = {field.name: _field(policies, field) for field in fields}
    return Graded(max((_grade(one) for one in decisions.values()), key=RISING.index), decisions)


def _field(policies: PolicySet, field: GradedField) -> Decision:
    about: dict[str, Value] = {"pi": field.pi, "pi_persons": field.pi_persons, "declared_as": field.declared_as}
    harms = [decide(policies, "grading", about | impact.model_dump()) for impact in field.impacts]
    if not harms or not all(one.permitted for one in harms):
        raise PolicyRefused(Fault.FACT_VALUE, "grading: impacts")
    return max(harms, key=lambda one: RISING.index(_grade(one)))


def _grade(decision: Decision) -> str:
    return str(decision.outcome["grade"])
