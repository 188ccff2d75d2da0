"""Golden decisions: cases decided once by people and kept, so that a change of any outcome is seen in review.

A vector that does not hold, or a row that decides no vector, is refused; nothing here changes a rule.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError

from policies.engine.decide import Decision, decide
from policies.engine.policy_set import PolicySet
from policies.engine.refused import Fault, PolicyRefused
from policies.engine.source import read_folder
from policies.engine.table import Outcome

VECTORS = Path(__file__).parent.parent / "vectors"
Facts = Mapping[StrictStr, StrictStr | StrictBool | StrictInt]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Vector(_Part):
    """One decided case: what differs from the usual facts, and what must come of it."""

    case: Annotated[StrictStr, Field(min_length=1)]
    facts: Facts
    permitted: StrictBool
    rule_ids: tuple[StrictStr, ...]
    reasons: tuple[StrictStr, ...] = ()
    outcome: Mapping[StrictStr, StrictStr | StrictBool | StrictInt | tuple[StrictStr, ...]] = Field(
        default_factory=dict[str, Outcome]
    )


class Vectors(_Part):
    """The vectors of one table; `usual` is an ordinary case, so each vector shows only what is special about it."""

    table: StrictStr
    usual: Facts
    cases: Annotated[tuple[Vector, ...], Field(min_length=1)]


def load_vectors(folder: Path | None = None) -> tuple[Vectors, ...]:
    try:
        found = read_folder(VECTORS if folder is None else folder)
        return tuple(Vectors.model_validate(content) for content in found.values())
    except ValidationError as error:
        place = ".".join(str(step) for step in error.errors()[0]["loc"])
        raise PolicyRefused(Fault.SHAPE, f"vectors: {place}") from None


def replay(policies: PolicySet, vectors: tuple[Vectors, ...]) -> int:
    """Decide every vector again; answers how many there were."""
    decided = [rule_id for group in vectors for decision in _replayed(policies, group) for rule_id in decision.rule_ids]
    for table in policies.tables.values():
        for row in table.rows:
            if row.id not in decided:
                raise PolicyRefused(Fault.VECTOR, f"{table.name}/{row.id} decides no vector")
    return sum(len(group.cases) for group in vectors)


def _replayed(policies: PolicySet, group: Vectors) -> Iterator[Decision]:
    for vector in group.cases:
        decision = decide(policies, group.table, {**group.usual, **vector.facts})
        told = (decision.permitted, decision.rule_ids, decision.reasons)
        if told != (vector.permitted, vector.rule_ids, vector.reasons) or not (
            vector.outcome.items() <= decision.outcome.items()
        ):
            raise PolicyRefused(Fault.VECTOR, f"{group.table}: {vector.case}")
        yield decision
