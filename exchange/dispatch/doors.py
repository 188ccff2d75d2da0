"""The exchange's ways to the broker: one connection a domain, as that domain's relay, and the admin's to let one in."""

from pathlib import Path
from threading import Lock

from redis import Redis

from exchange.access.nodes import NodeRegistered
from exchange.dispatch import acl
from exchange.dispatch.broker import address
from exchange.dispatch.queue import TicketQueue


class Doors:
    """Opens each way once. `secrets` keeps the passwords of the relays and of the admin, each made at first need."""

    def __init__(self, broker_url: str, secrets: Path) -> None:
        self._url = broker_url
        self._secrets = secrets
        self._lock = Lock()
        self._queues: dict[str, TicketQueue] = {}

    def queue_of(self, domain: str) -> TicketQueue:
        """The queue of one domain."""
        with self._lock:
            if domain not in self._queues:
                self._queues[domain] = TicketQueue(self._as(acl.relay_user(domain)), domain)
            return self._queues[domain]

    def let_in(self, registered: NodeRegistered) -> None:
        """Make the broker know a domain that the log knows. The domain's password is known by its hash alone."""
        relay = acl.hashed(self._password(acl.relay_user(registered.domain)))
        hashes = acl.Hashes(worker=registered.broker_sha256, relay=relay)
        with self._as("admin") as admin:
            acl.let_in(admin, registered.domain, hashes)

    def ready(self) -> bool:
        with self._as("admin") as admin:
            return bool(admin.ping())

    def _as(self, user: str) -> Redis:
        return Redis.from_url(address(self._url, user, self._password(user)), socket_timeout=10)

    def _password(self, user: str) -> str:
        return acl.password(self._secrets / f"broker-{user}")
