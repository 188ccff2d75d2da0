"""Decides one case by one table. Pure: the same rules and facts give the same answer, and a strange fact gives none."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from policies.engine.policy_set import PolicySet
from policies.engine.refused import Fault, PolicyRefused
from policies.engine.table import Outcome, Row, Table
from policies.engine.vocabulary import Value


class Decision(BaseModel):
    """An answer with its reasons: which rows decided, on which facts, under which set of rules."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    permitted: bool
    rule_ids: tuple[str, ...]
    reasons: tuple[str, ...]
    outcome: Mapping[str, Outcome]
    facts: Mapping[str, Value]
    policy_digest: str


def decide(policies: PolicySet, table: str, facts: Mapping[str, Value]) -> Decision:
    if table not in policies.tables:
        raise PolicyRefused(Fault.TABLE, "tables")
    asked = policies.tables[table]
    known = _known(asked, facts)
    rows = _deciding(asked, [row for row in asked.rows if row.fits(known)])
    if not rows:
        # Loading proved there is no such case; should there be one all the same, silence is not consent.
        raise PolicyRefused(Fault.GAP, table)
    return Decision(
        table=table,
        permitted=rows[0].permits,
        rule_ids=tuple(row.id for row in rows),
        reasons=tuple(dict.fromkeys(row.reason for row in rows if row.reason is not None)),
        outcome=rows[0].then,
        facts=known,
        policy_digest=policies.digest,
    )


def _known(table: Table, facts: Mapping[str, Value]) -> dict[str, Value]:
    """Exactly the facts the table asks for, each with a value of its word."""
    if not facts.keys() <= table.inputs.keys():
        raise PolicyRefused(Fault.FACT_UNKNOWN, table.name)
    for name, word in table.inputs.items():
        if name not in facts:
            raise PolicyRefused(Fault.FACT_MISSING, f"{table.name}: {name}")
        if not word.holds(facts[name]):
            raise PolicyRefused(Fault.FACT_VALUE, f"{table.name}: {name}")
    return {name: facts[name] for name in table.inputs}


def _deciding(table: Table, held: Sequence[Row]) -> Sequence[Row]:
    if table.hit == "all":
        return [row for row in held if not row.permits] or held
    return held[:1]
