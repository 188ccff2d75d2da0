"""Who may say what to the broker: one worker user and one relay user per domain, each shut in that domain's keys.

The file holds hashes of passwords, never a password. It never grants a domain PUBLISH, KEYS, SCAN or EVAL: with these
it could stop its neighbours' work or read their names. The lists hold what the two sides use, and a test shows it.
"""

import hashlib
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from redis import Redis
from redis.exceptions import ResponseError

from exchange.ledger.files import kept_secret
from exchange.wire import queue as wire

_BOTH = "+hello +auth +ping +info +exists +multi +exec +discard"
_WORKER = "+hset +hmget +hincrby +expire +del +sadd +lmove +blmove +lrem"
# A script runs with its caller's rights, so RQ's put-once script needs what it calls.
_RELAY = "+evalsha +script|load +hset +expire +rpush +sadd +llen"


class Hashes(NamedTuple):
    """The SHA-256 of a domain's two passwords, in hexadecimal."""

    worker: str
    relay: str


def worker_user(domain: str) -> str:
    return wire.worker_user(domain)


def relay_user(domain: str) -> str:
    return f"r_{wire.domain_checked(domain)}"


def rules(domains: Mapping[str, Hashes], *, admin: str) -> str:
    """The whole file. Whoever is not named in it is nobody: the default user is off."""
    lines = ["user default off resetkeys resetchannels -@all", f"user admin on #{_hex(admin)} ~* &* +@all"]
    for domain, hashes in sorted(domains.items()):
        lines += [f"user {user} {words}" for user, words in _users(domain, hashes).items()]
    return "\n".join(lines) + "\n"


def let_in(admin: Redis, domain: str, hashes: Hashes) -> None:
    """Give a running broker the two users of one domain, and make it remember them. Safe to repeat."""
    for user, words in _users(domain, hashes).items():
        admin.execute_command("ACL", "SETUSER", user, "reset", *words.split())  # type: ignore[no-untyped-call]
    with suppress(ResponseError):
        # Where the rules are a file the broker may not write, its operator keeps that file; it knows them for now.
        admin.acl_save()


def _users(domain: str, hashes: Hashes) -> dict[str, str]:
    shut_in = f"resetchannels ~{wire.key_prefix(domain)}* -@all {_BOTH}"
    return {
        worker_user(domain): f"on #{_hex(hashes.worker)} {shut_in} {_WORKER}",
        relay_user(domain): f"on #{_hex(hashes.relay)} {shut_in} {_RELAY}",
    }


def write(path: Path, text: str) -> None:
    """Replace the file in one step: the broker never reads half of it."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    _write_private(draft, text)
    draft.replace(path)


def password(path: Path) -> str:
    """The password kept in this file; made at the first asking, readable by its owner only."""
    return kept_secret(path, lambda: secrets.token_urlsafe(32))


def hashed(plain: str) -> str:
    return hashlib.sha256(plain.encode()).hexdigest()


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _hex(digest: str) -> str:
    """A hash is spliced into a file of rules, so it must be one."""
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise ValueError("a password is given by its SHA-256 in lower-case hexadecimal")
    return digest
