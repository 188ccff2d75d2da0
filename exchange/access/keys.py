"""API keys: who acts, for whom and in which roles. A secret is made by its holder; here is only its hash."""

from exchange.kernel.entity import Entity, Event, Personal


class ApiKeyIssued(Event):
    participant_id: str
    person_id: str
    roles: tuple[str, ...]
    sha256: str
    person_name: Personal = ""
    by: str


class ApiKeyRevoked(Event):
    by: str


class ApiKey(Entity):
    """One credential of one person (or machine) of one participant."""

    NEXT = {("NEW", ApiKeyIssued): "LIVE", ("LIVE", ApiKeyRevoked): "REVOKED"}
    participant_id: str = ""
    person_id: str = ""
    roles: tuple[str, ...] = ()
    sha256: str = ""
