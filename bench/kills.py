"""A log under load whose processes are killed at a moment nobody chose, again and again, and whose database stops dead.

Two writers and one who places, signs and exports: threads of one process on SQLite, processes on PostgreSQL, as in
production. After each kill nothing that was acknowledged may be gone; in the end the whole log is examined.
"""

import logging
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bench import crash, small_log
from bench.sites import OnPostgres, OnSQLite, Site
from exchange.ledger.sequencer import HeadMoved
from exchange.ledger.store import Store

WRITERS = 2
ALIVE_S = (0.01, 0.25)
LOOK_EVERY = 25


def killed(sites: OnSQLite | OnPostgres, times: int, seed: int, stop_every: int = 0) -> Iterator[list[str]]:
    """So many kills, one after another on one log; what each broke. Every `stop_every`, the database stops as well."""
    chance = random.Random(seed)  # noqa: S311 - chooses moments, not keys
    site = sites.site(f"kills-{seed}")
    crash.prepare(site)
    for count in range(1, times + 1):
        children = _started(site, whole=isinstance(sites, OnSQLite))
        time.sleep(chance.uniform(*ALIVE_S))
        if stop_every and count % stop_every == 0 and isinstance(sites, OnPostgres):
            sites.stop_at_once()
        for child in chance.sample(children, len(children)):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        yield crash.violations(site) if count % LOOK_EVERY == 0 or count == times else crash.lost(site)


def _started(site: Site, *, whole: bool) -> list[int]:
    parts: list[Callable[[Site], None]] = [*([_write] * WRITERS), _place]
    return [_forked(site, parts)] if whole else [_forked(site, [part]) for part in parts]


def _forked(site: Site, parts: list[Callable[[Site], None]]) -> int:
    child = os.fork()
    if child == 0:
        logging.disable()
        threads = [threading.Thread(target=part, args=(site,), daemon=True) for part in parts]
        for thread in threads:
            thread.start()
        signal.pause()
    return child


def _write(site: Site) -> None:
    """Writes facts until it is killed, and says of each that it was taken once it was."""
    store = _store(site)
    with (site.home / "acknowledged").open("ab", buffering=0) as told:
        while True:
            facts = [small_log.draft() for _ in range(3)]
            with suppress(SQLAlchemyError):
                small_log.write(store, facts)
                told.write("".join(f"{fact.entry.id}\n" for fact in facts).encode())


def _place(site: Site) -> None:
    store = _store(site)
    while True:
        with suppress(SQLAlchemyError, HeadMoved):
            small_log.settle(store, site.home)


_OPEN: dict[tuple[int, Path], Store] = {}
_OPENING = threading.Lock()


def _store(site: Site) -> Store:
    """One store a process: its writers stand in one line."""
    with _OPENING:
        return _OPEN.setdefault((os.getpid(), site.home), Store(site.url))
