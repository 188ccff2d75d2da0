"""Who is asking: a person acting for a participant in some roles. Made by access from an API key, or by a follower."""

from dataclasses import dataclass, field
from enum import StrEnum

from exchange.kernel.errors import Forbidden


class Role(StrEnum):
    """Roles of the market (rulebook 2) and, below them, the duties of the exchange's own staff, kept apart."""

    SUPPLIER = "SUPPLIER"
    DATA_MERCHANT = "DATA_MERCHANT"
    BUYER = "BUYER"
    THIRD_PARTY = "THIRD_PARTY"
    AUTH_OPERATOR = "AUTH_OPERATOR"
    PUBLIC_BODY = "PUBLIC_BODY"
    INDIVIDUAL = "INDIVIDUAL"
    CUSTODIAN = "CUSTODIAN"
    HUB_PEER = "HUB_PEER"
    REGULATOR = "REGULATOR"
    AUDITOR = "AUDITOR"
    ADMIN = "ADMIN"
    REVIEWER = "REVIEWER"
    REGISTRAR = "REGISTRAR"
    COMPLIANCE = "COMPLIANCE"
    SETTLEMENT = "SETTLEMENT"
    ARBITER = "ARBITER"
    NODE = "NODE"


@dataclass(frozen=True, slots=True)
class Caller:
    """One person (or node) of one participant. The log's `actor` is the participant; the person stands in the event."""

    participant_id: str
    person_id: str
    roles: frozenset[Role] = field(default_factory=frozenset)
    key_id: str = ""

    def require(self, *roles: Role) -> None:
        """Pass if the caller has one of the roles, else raise `Forbidden`."""
        if not self.roles.intersection(roles):
            raise Forbidden("your role does not do this")


NOBODY = Caller("sys_nobody", "sys_nobody")
CLOCKWORK = Caller("sys_clockwork", "sys_clockwork")
"""Acts when a timer is due."""
