"""What the tree costs beside bare hashing and another tree; a proof out of tiles; a whole log verified offline."""

import os
import resource
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pymerkle

from bench import small_log
from bench.figures import Figure
from exchange.client.verify import verify_log
from exchange.wire.merkle import Frontier, inclusion_proof, leaf_hash, subtree_hash, verify_inclusion
from exchange.wire.notes import Checkpoint, read_checkpoint
from exchange.wire.tiles import WIDTH, bundle, node_reader, places, unbundle

ENTRY_BYTES = 300
PEER_ENTRIES = 20_000


def tree_figures(count: int) -> list[Figure]:
    """Processor seconds for a tree over so many entries: ours, the hashing in it alone, pymerkle's."""
    entries = [secrets.token_bytes(ENTRY_BYTES) for _ in range(count)]
    ours, bare = _cpu_s(lambda: _rooted(entries)), _cpu_s(lambda: _hashed(entries))
    few = entries[:PEER_ENTRIES]
    theirs = _cpu_s(lambda: _appended(few)) / len(few)
    ratio = bare / ours
    return [
        Figure(f"G1: hashing alone / our tree, {count:,} entries", f"{ratio:.2f}", "≥ 0.25", ratio >= 0.25),
        Figure("our tree", f"{count / ours:,.0f} entries/s"),
        Figure("peer: pymerkle in memory / our tree, time", f"{theirs * count / ours:.1f}"),
    ]


def _rooted(entries: list[bytes]) -> bytes:
    frontier = Frontier()
    for start in range(0, len(entries), WIDTH):
        for entry in entries[start : start + WIDTH]:
            frontier.add(leaf_hash(entry))
    return frontier.root()


def _hashed(entries: list[bytes]) -> None:
    """As many blocks as the tree hashes, without a tree."""
    pair = bytes(65)
    for entry in entries:
        sha256(entry).digest()
        sha256(pair).digest()


def _appended(entries: list[bytes]) -> bytes:
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for entry in entries:
        tree.append_entry(entry)
    return bytes(tree.get_root(len(entries)))


def audit_figures(folder: Path, count: int) -> list[Figure]:
    """A proof out of the exported tiles, and the whole of such a log verified by a process of its own."""
    _exported(folder, count)
    proof_ms = _proof_ms(folder, count)
    seconds, mebibytes = _audited(folder)
    small = f"{count:,} entries"
    return [
        Figure(f"G6: a proof out of tiles, {small}", f"{proof_ms:.2f} ms", "≤ 1 ms", proof_ms <= 1),
        Figure(f"G7: the whole log verified, {small}", f"{seconds:.1f} s", "≤ 3 s at a million", seconds <= 3),
        Figure("G7: memory it took beyond its start", f"{mebibytes:.0f} MiB", "≤ 64 MiB", mebibytes <= 64),
    ]


def _exported(folder: Path, count: int) -> None:
    """The folder such a log would leave: entries as the exchange writes them, tiles, a signed checkpoint."""
    entries = [small_log.draft().entry.encode() for _ in range(count)]
    levels = [[leaf_hash(entry) for entry in entries]]
    frontier = Frontier()
    for leaf in levels[0]:
        frontier.add(leaf)
    while len(levels[-1]) >= WIDTH:
        below = levels[-1]
        levels.append([subtree_hash(below[at : at + WIDTH]) for at in range(0, len(below) - WIDTH + 1, WIDTH)])
    for one in places(count):
        path, start = folder / "tile" / one.path, one.n * WIDTH
        path.parent.mkdir(parents=True, exist_ok=True)
        cells = entries if one.kind == "entries" else levels[one.level]
        part = cells[start : start + one.width]
        path.write_bytes(bundle(part) if one.kind == "entries" else b"".join(part))
    (folder / "keys.txt").write_text("".join(f"{vkey}\n" for vkey in small_log.SIGNER.vkeys()))
    checkpoint = Checkpoint(small_log.SIGNER.origin, count, frontier.root())
    (folder / "checkpoint").write_text(small_log.SIGNER.sign(checkpoint, time.time_ns() // 1_000))


def _proof_ms(folder: Path, count: int, rounds: int = 200) -> float:
    """The tiles come from files each time; what the system keeps of them in memory is its own affair."""
    widths = {(one.level, one.n): one.path for one in places(count) if one.kind == "tile"}
    root = read_checkpoint((folder / "checkpoint").read_text())[0].root
    began = time.perf_counter()
    for _ in range(rounds):
        index = secrets.randbelow(count)
        tile = node_reader(lambda level, n: (folder / "tile" / widths[level, n]).read_bytes())
        proof = inclusion_proof(index, count, tile)
    spent = 1e3 * (time.perf_counter() - began) / rounds
    n, at = divmod(index, WIDTH)
    bundled = next(one.path for one in places(count) if one.kind == "entries" and one.n == n)
    entry = unbundle((folder / "tile" / bundled).read_bytes())[at]
    verify_inclusion(index, count, leaf_hash(entry), proof, root)
    return spent


def _audited(folder: Path) -> tuple[float, float]:
    """Seconds and mebibytes of a fork that does nothing else."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        verify_log(folder, small_log.SIGNER.vkeys())
        spent = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        os.write(write, f"{spent} {(after - before) / 1024}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    seconds, mebibytes = os.read(read, 100).decode().split()
    return float(seconds), float(mebibytes)


def _cpu_s(does: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        began = time.process_time()
        does()
        times.append(time.process_time() - began)
    return sorted(times)[1]
