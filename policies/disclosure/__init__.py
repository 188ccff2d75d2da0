"""What a query may learn: the analyser of SQL and the door its answers leave by.

One function serves the buyer's dry run and the domain's gate. It is pure: no clock, no network, no data.
"""

from policies.disclosure.columns import Column, Controls, Table, Use, load_controls
from policies.disclosure.errors import Expectation, Expected, delta_e15, expected
from policies.disclosure.explain import explain
from policies.disclosure.grants import GRANTS_MAX, Grant, needed, widened
from policies.disclosure.listed import filled
from policies.disclosure.literals import NO_LITERALS, Literals
from policies.disclosure.plan import OutputColumn, Plan
from policies.disclosure.refusals import ControlsRefused, Denied
from policies.disclosure.release import Noise, Noisy, Released, release
from policies.disclosure.shape import analyse

__all__ = [
    "GRANTS_MAX",
    "NO_LITERALS",
    "Column",
    "Controls",
    "ControlsRefused",
    "Denied",
    "Expectation",
    "Expected",
    "Grant",
    "Literals",
    "Noise",
    "Noisy",
    "OutputColumn",
    "Plan",
    "Released",
    "Table",
    "Use",
    "analyse",
    "delta_e15",
    "expected",
    "explain",
    "filled",
    "load_controls",
    "needed",
    "release",
    "widened",
]  # fmt: skip
