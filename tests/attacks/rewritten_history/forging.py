"""What an operator who holds both keys of the log can make of an exported folder: anything that is one tile long."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from exchange.wire import canonical
from exchange.wire.merkle import Frontier, leaf_hash
from exchange.wire.notes import Checkpoint
from exchange.wire.tiles import bundle, unbundle
from tests.attacks.rewritten_history.books import SIGNER
from tests.exchange.ledger.facts import NOW_US, ORIGIN


def rebuilt(folder: Path, change: Callable[[list[bytes]], Sequence[bytes]]) -> None:
    """Change the entries, then make tiles and both signatures fit again."""
    bundles = [folder / "tile/entries/000", folder / "tile/entries/001.p/44"]
    entries = list(change([entry for path in bundles for entry in unbundle(path.read_bytes())]))
    hashes = [leaf_hash(entry) for entry in entries]
    shutil.rmtree(folder / "tile")
    shutil.rmtree(folder / "checkpoints")
    count = len(entries)
    if count >= 256:
        raise ValueError("the forgeries here stay within one tile")
    for name, data in (("tile/entries/000.p", bundle(entries)), ("tile/0/000.p", b"".join(hashes))):
        (folder / name).mkdir(parents=True)
        (folder / name / str(count)).write_bytes(data)
    (folder / "checkpoint").write_text(SIGNER.sign(Checkpoint(ORIGIN, count, root_of(entries)), NOW_US))


def root_of(entries: Sequence[bytes]) -> bytes:
    frontier = Frontier()
    for entry in entries:
        frontier.add(leaf_hash(entry))
    return frontier.root()


def changed(entry: bytes, **fields: Any) -> bytes:
    return canonical.encode({**canonical.decode(entry), **fields})
