"""Reads decision tables, proves them complete, and decides by them. Knows no clock, no store and no party."""

from policies.engine.archive import archive, decided_again, load_archived
from policies.engine.decide import Decision, decide
from policies.engine.diff import Change, Difference, diff
from policies.engine.policy_set import PolicySet, load_policies
from policies.engine.refused import PolicyRefused

__all__ = [
    "Change",
    "Decision",
    "Difference",
    "PolicyRefused",
    "PolicySet",
    "archive",
    "decide",
    "decided_again",
    "diff",
    "load_archived",
    "load_policies",
]
