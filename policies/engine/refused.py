"""The one way the rules say "not in order". It names the place and the kind of fault, never a caller's value."""

from collections.abc import Mapping
from enum import StrEnum

from policies.engine.vocabulary import Value


class Fault(StrEnum):
    """The closed list of what can be wrong with a set of rules, or with the facts put to it."""

    YAML = "E_POLICY_YAML"
    FLOAT = "E_POLICY_FLOAT"
    DUPLICATE_KEY = "E_POLICY_DUPLICATE_KEY"
    DUPLICATE_ID = "E_POLICY_DUPLICATE_ID"
    SHAPE = "E_POLICY_SHAPE"
    WORD = "E_POLICY_WORD"
    VALUE = "E_POLICY_VALUE"
    OUTPUT = "E_POLICY_OUTPUT"
    GAP = "E_POLICY_GAP"
    OVERLAP = "E_POLICY_OVERLAP"
    DEAD_ROW = "E_POLICY_DEAD_ROW"
    DEAD_WORD = "E_POLICY_DEAD_WORD"
    CLAIM = "E_POLICY_CLAIM"
    VECTOR = "E_POLICY_VECTOR"
    DIGEST = "E_POLICY_DIGEST"
    DECISION = "E_POLICY_DECISION"
    TABLE = "E_TABLE_UNKNOWN"
    FACT_MISSING = "E_FACT_MISSING"
    FACT_UNKNOWN = "E_FACT_UNKNOWN"
    FACT_VALUE = "E_FACT_VALUE"


class PolicyRefused(Exception):
    """`code` is stable, `where` names a file, row or word; `example` is a made-up case that shows the fault."""

    def __init__(self, code: Fault, where: str, example: Mapping[str, Value] | None = None) -> None:
        super().__init__(f"{code.value} at {where}" + (f", e.g. {dict(example)}" if example else ""))
        self.code, self.where, self.example = code.value, where, example
