"""The broker of a small market, real in every part: server, access file, users, and one connection for each."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from exchange.dispatch import acl
from exchange.dispatch.broker import Broker
from exchange.dispatch.queue import TicketQueue

DOMAINS = ("hosp1", "grid", "bank")

WORKER = """
import os, sys, threading, time
from redis import Redis
from workers import queue
url, domain, journal = sys.argv[1:]
def handle(token):
    with open(journal, "a") as file:
        file.write(token + "\\n")
    while token == "wait" and not os.path.exists(journal + ".go"):
        time.sleep(0.01)
queue.serve_forever(handle, domain=domain, connection=Redis.from_url(url), stop=threading.Event())
"""


@dataclass
class MarketBroker:
    folder: Path
    broker: Broker
    passwords: dict[str, str]

    def as_user(self, user: str) -> Redis:
        return Redis.from_url(self.url(user))

    def url(self, user: str) -> str:
        return self.broker.url(user, self.passwords[user])

    def worker(self, domain: str) -> Redis:
        return self.as_user(acl.worker_user(domain))

    def relay(self, domain: str) -> Redis:
        return self.as_user(acl.relay_user(domain))

    def queue(self, domain: str) -> TicketQueue:
        return TicketQueue(self.relay(domain), domain)

    def worker_process(self, domain: str, journal: Path) -> subprocess.Popen[bytes]:
        journal.touch()
        url = self.url(acl.worker_user(domain))
        return subprocess.Popen([sys.executable, "-c", WORKER, url, domain, str(journal)], stderr=subprocess.PIPE)


def started(folder: Path) -> MarketBroker:
    passwords = {
        user: acl.password(folder / f"{user}.password")
        for user in ("admin", *map(acl.worker_user, DOMAINS), *map(acl.relay_user, DOMAINS))
    }
    hashes = {
        domain: acl.Hashes(
            worker=acl.hashed(passwords[acl.worker_user(domain)]), relay=acl.hashed(passwords[acl.relay_user(domain)])
        )
        for domain in DOMAINS
    }
    acl.write(folder / "users.acl", acl.rules(hashes, admin=acl.hashed(passwords["admin"])))
    broker = Broker.start(folder / "server", folder / "users.acl")
    broker.wait_ready()
    return MarketBroker(folder, broker, passwords)
