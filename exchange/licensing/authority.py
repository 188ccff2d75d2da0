"""With whose authority something was stopped, and who may let it go on: the same, or a higher one (rulebook 4.9)."""

from exchange.kernel.caller import Caller, Role
from exchange.kernel.errors import Forbidden

STOPPERS = (Role.COMPLIANCE, Role.REGULATOR)
"""Who may stop what is not its own; the later in the row, the higher."""


def of(caller: Caller) -> str:
    """The highest authority a caller has; empty for a party, and for the rules themselves."""
    return next((role.value for role in reversed(STOPPERS) if role in caller.roles), "")


def require(caller: Caller, stopped_by: str) -> None:
    """Pass if the caller may lift what was stopped with this authority."""
    rising = ("", *(role.value for role in STOPPERS))
    if rising.index(of(caller)) < rising.index(stopped_by):
        raise Forbidden("whoever stopped it, or a higher authority, lets it go on")
