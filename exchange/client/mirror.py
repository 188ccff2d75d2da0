"""Downloads the log as it is served into a folder the offline verifier reads. Verifies nothing itself.

A later download adds to the folder. Every checkpoint that was ever downloaded stays: the verifier holds the log to it.
"""

import json
from pathlib import Path

from exchange.client.key_changes import FILE
from exchange.client.log import ServedLog
from exchange.wire.notes import Checkpoint, read_checkpoint
from exchange.wire.tiles import WIDTH, places

_ARRIVING = "arriving.part"  # Beside the tiles, never among them: what lies among them must be a tile.


def download_log(log: ServedLog, folder: Path) -> Checkpoint:
    """Tiles first, then what refers to them; answers with the checkpoint as claimed."""
    note = log.checkpoint()
    checkpoint, _ = read_checkpoint(note)
    for wanted in places(checkpoint.size):
        target = folder / "tile" / wanted.path
        # A full tile never changes; a partial one has its width in its name.
        if not target.exists():
            _keep(folder, f"tile/{wanted.path}", log.tile(wanted.path))
        if wanted.width == WIDTH:
            _drop_partial(target)
    _keep(folder, "keys.txt", "".join(f"{vkey}\n" for vkey in log.vkeys()).encode())
    if changes := log.key_changes():
        _keep(folder, FILE, json.dumps(changes).encode())
    _keep(folder, f"checkpoints/{checkpoint.size}", note.encode())
    _keep(folder, "checkpoint", note.encode())
    return checkpoint


def _drop_partial(full: Path) -> None:
    """Partial tiles are of no use once the full one is there."""
    partial = full.with_name(full.name + ".p")
    if partial.is_dir():
        for path in partial.iterdir():
            path.unlink()
        partial.rmdir()


def _keep(folder: Path, name: str, data: bytes) -> None:
    """Whole or not at all."""
    target, scratch = folder / name, folder / _ARRIVING
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch.write_bytes(data)
    scratch.replace(target)
