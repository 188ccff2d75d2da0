"""What a durable, doubly signed entry costs beside a bare flush and a bare hash, and how soon a fact is signed for.

A writer is a process, as an API process is. The peers are measured in the same run on the same disk.
"""

import os
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from statistics import median

from bench import intake, small_log
from bench.figures import Figure, percentile
from bench.sites import Site
from exchange.ledger.guard import Guard, GuardedKeys
from exchange.ledger.proofs import NotCovered, log_proof
from exchange.ledger.sequencer import Sequencer
from exchange.ledger.sequencing import SequencerLoop
from exchange.ledger.signer import sign_head
from exchange.ledger.store import Store

WRITERS, ROUNDS = 8, 5
CADENCE_S = 0.1
FACT = "CREATE TABLE IF NOT EXISTS fact (id TEXT PRIMARY KEY, body BYTEA NOT NULL)"


def batch_figures(site: Site, seconds: float) -> list[Figure]:
    """Placed, signed twice and stored in batches of 256, and one by one; beside hashing and flushing alone."""
    site.home.mkdir(exist_ok=True)
    store = small_log.opened(site.url)
    one, many = (_signed_per_s(store, site.home, batch, seconds) for batch in (1, 256))
    store.close()
    hashes = _hashes_per_s()
    flushes = intake.syncs_per_s(site.home, seconds)
    aim = 0.20 if store.is_sqlite else 0.12
    return [
        Figure(
            "G2: entries a second in batches of 256 / hashes of 65 B",
            f"{many:,.0f}/s, {many / hashes:.3f}",
            "≥ 0.025",
            many / hashes >= 0.025,
        ),
        Figure(
            "G5: single entries a second / bare fdatasync",
            f"{one:,.0f}/s, {one / flushes:.2f}",
            f"≥ {aim}",
            one / flushes >= aim,
        ),
        Figure("peer: fdatasync of one page", f"{flushes:,.0f}/s"),
    ]


def _signed_per_s(store: Store, home: Path, batch: int, seconds: float) -> float:
    """Writing the facts is the business's own affair and not counted; from the pending mark on, everything is."""
    guard, spent, done = Guard(home / "guard.json"), 0.0, 0
    while spent < seconds:
        small_log.write(store, [small_log.draft() for _ in range(batch)])
        began = time.perf_counter()
        Sequencer(store).run_once()
        sign_head(store, GuardedKeys(small_log.SIGNER, guard), time.time_ns() // 1_000)
        spent += time.perf_counter() - began
        done += batch
    return done / spent


def _hashes_per_s(count: int = 200_000) -> float:
    pair = bytes(65)
    began = time.perf_counter()
    for _ in range(count):
        sha256(pair).digest()
    return count / (time.perf_counter() - began)


def writer_figures(site: Site, seconds: float) -> list[Figure]:
    """Facts a second of eight writers with the log (sequencer running) beside the same rows in a plain table."""
    store = small_log.opened(site.url)
    with store.writing() as connection:
        connection.exec_driver_sql(FACT)
    stop, loop = _looping(store, site.home)
    with_log, without = [], []
    for _ in range(ROUNDS):
        without.append(_facts_per_s(site.url, _plain, seconds))
        with_log.append(_facts_per_s(site.url, _logged, seconds))
    stop.set()
    loop.join()
    store.close()
    ratio = median(with_log) / median(without)
    return [
        Figure(
            f"G3: facts with the log / without, {WRITERS} writers",
            f"{median(with_log):,.0f}/s, {ratio:.2f}",
            "≥ 0.80",
            ratio >= 0.80,
        )
    ]


def _facts_per_s(url: str, write: Callable[[Store], None], seconds: float) -> float:
    read, done = os.pipe()
    children = []
    for _ in range(WRITERS):
        child = os.fork()
        if child == 0:
            store, count, until = Store(url), 0, time.monotonic() + seconds
            while time.monotonic() < until:
                write(store)
                count += 1
            os.write(done, f"{count}\n".encode())
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    counts = os.read(read, 4_096).decode().split()
    return sum(map(int, counts)) / seconds


def _logged(store: Store) -> None:
    small_log.write(store, [small_log.draft()])


def _plain(store: Store) -> None:
    """The same fact with the same work before it, in a table nobody hashes."""
    entry = small_log.draft().entry
    with store.writing() as connection:
        connection.exec_driver_sql("INSERT INTO fact VALUES (%s, %s)", (entry.id, entry.encode()))


def lag_figures(site: Site, facts: int) -> list[Figure]:
    """From the commit of a single fact to a checkpoint that covers it, at the cadence of 100 ms."""
    site.home.mkdir(exist_ok=True)
    store = small_log.opened(site.url)
    stop, loop = _looping(store, site.home)
    lags = [_lag_ms(store) for _ in range(facts)]
    stop.set()
    loop.join()
    store.close()
    p50, p99 = percentile(lags, 50), percentile(lags, 99)
    return [
        Figure(
            "G4: commit to signature, p50 and p99",
            f"{p50:.0f}, {p99:.0f} ms",
            "≤ 75, ≤ 150 ms",
            p50 <= 75 and p99 <= 150,
        )
    ]


def _lag_ms(store: Store) -> float:
    time.sleep(secrets.randbelow(100) / 1e3)  # So that it falls anywhere between two rounds.
    fact = small_log.draft()
    small_log.write(store, [fact])
    began = time.perf_counter()
    while not _covered(store, fact.entry.id):
        time.sleep(0.001)
    return 1e3 * (time.perf_counter() - began)


def _covered(store: Store, event_id: str) -> bool:
    with store.reading() as connection, suppress(NotCovered):
        log_proof(connection, event_id)
        return True
    return False


def _looping(store: Store, home: Path) -> tuple[threading.Event, threading.Thread]:
    stop = threading.Event()
    keys = GuardedKeys(small_log.SIGNER, Guard(home / "guard.json"))
    loop = SequencerLoop(store, keys, lambda: time.time_ns() // 1_000, CADENCE_S, stop, threading.Event())
    thread = threading.Thread(target=loop.run, daemon=True)
    thread.start()
    return stop, thread
