"""Nodes: a provider's domain, by the name its queue and tickets carry. The exchange knows a key, and a hash of it."""

from exchange.kernel.entity import Entity, Event


class NodeRegistered(Event):
    domain: str
    participant_id: str
    signing_key: str
    broker_sha256: str
    """Of the password the domain made for the broker; dispatch makes the domain's user of it."""
    by: str


class NodeRetired(Event):
    by: str


class Node(Entity):
    """One domain of one participant. A name is given once: a retired one is never given again."""

    NEXT = {("NEW", NodeRegistered): "REGISTERED", ("REGISTERED", NodeRetired): "RETIRED"}
    domain: str = ""
    participant_id: str = ""
    signing_key: str = ""
    broker_sha256: str = ""
