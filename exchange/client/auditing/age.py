"""How old a log is: the time its newest checkpoint was signed at, which the ML-DSA signature binds."""

from collections.abc import Sequence
from pathlib import Path

from exchange.client.verify import VerificationRefused
from exchange.wire.notes import ML_DSA_44, open_checkpoint, open_vkey, read_checkpoint

CHECK = "12 age"
AHEAD_S_MAX = 60
"""Two clocks may differ by so much."""


def check_age(folder: Path, vkeys: Sequence[str], *, now_s: int, max_age_s: int) -> int:
    """The second the newest checkpoint was signed at. An old one may hide what came after it, and is refused."""
    note = (folder / "checkpoint").read_text("utf-8")
    open_checkpoint(note, vkeys)
    trusted = {(vkey.name, vkey.key_id) for vkey in map(open_vkey, vkeys) if vkey.algorithm == ML_DSA_44}
    _, signatures = read_checkpoint(note)
    stamps = [int.from_bytes(data[:8], "big") for name, key_id, data in signatures if (name, key_id) in trusted]
    if not stamps:
        raise VerificationRefused(CHECK, "no signature of the newest checkpoint binds a time")
    if now_s - min(stamps) > max_age_s:
        raise VerificationRefused(CHECK, "the newest checkpoint is too old")
    if max(stamps) - now_s > AHEAD_S_MAX:
        raise VerificationRefused(CHECK, "the newest checkpoint was signed in the future")
    return min(stamps)
