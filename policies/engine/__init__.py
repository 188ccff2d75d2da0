"""Reads decision tables, proves them complete, and decides by them. Knows no clock, no store and no party."""

from policies.engine.archive import archive, load_archived
from policies.engine.decide import Decision, decide
from policies.engine.policy_set import PolicySet, load_policies
from policies.engine.refused import PolicyRefused

__all__ = ["Decision", "PolicyRefused", "PolicySet", "archive", "decide", "load_archived", "load_policies"]
