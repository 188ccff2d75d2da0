"""When a log was signed: the time that the ML-DSA signature of each checkpoint binds. Verifies no proof and no tree."""

from bisect import bisect_right
from pathlib import Path

from exchange.client.verify import VerificationRefused
from exchange.wire.log_keys import LogKeys
from exchange.wire.notes import ML_DSA_44, Keys, demanded, open_checkpoint, open_vkey, read_checkpoint

CHECK = "12 age"
APART_S_MAX = 60
"""Two clocks may differ by so much."""


def check_age(folder: Path, keys: Keys, *, now_s: int, max_age_s: int) -> int:
    """The second the newest checkpoint was signed at. An old one may hide what came after it, and is refused."""
    _, signed_at_s = _signed(folder / "checkpoint", keys)
    if now_s - signed_at_s > max_age_s:
        raise VerificationRefused(CHECK, "the newest checkpoint is too old")
    if signed_at_s - now_s > APART_S_MAX:
        raise VerificationRefused(CHECK, "the newest checkpoint was signed in the future")
    return signed_at_s


class Brackets:
    """Between which two checkpoints of a mirror an entry was placed, and so when it can have been written.

    The more often a mirror is brought up to date, the narrower they are.
    """

    def __init__(self, folder: Path, keys: Keys) -> None:
        known = sorted(_signed(path, keys) for path in (folder / "checkpoints").iterdir() if not _is_void(path, keys))
        self._sizes, self._times = [size for size, _ in known], [time_s for _, time_s in known]

    def hold(self, index: int, at_us: int) -> bool:
        """Whether an entry's own time fits its place; one no checkpoint covers fits nowhere."""
        after = bisect_right(self._sizes, index)
        if after == len(self._sizes):
            return False
        earliest_s = self._times[after - 1] - APART_S_MAX if after else 0
        return earliest_s <= at_us // 1_000_000 <= self._times[after] + APART_S_MAX


def _is_void(path: Path, keys: Keys) -> bool:
    """Signed by nobody who is believed: it says nothing of any time."""
    return isinstance(keys, LogKeys) and keys.is_void(int(path.name))


def _signed(path: Path, keys: Keys) -> tuple[int, int]:
    """Size and second of a checkpoint that every key signed."""
    note = path.read_text("utf-8")
    checkpoint = open_checkpoint(note, keys)
    due = map(open_vkey, demanded(note, checkpoint, keys))
    trusted = {(vkey.name, vkey.key_id) for vkey in due if vkey.algorithm == ML_DSA_44}
    _, signatures = read_checkpoint(note)
    stamps = [int.from_bytes(data[:8], "big") for name, key_id, data in signatures if (name, key_id) in trusted]
    if not stamps:
        raise VerificationRefused(CHECK, "no signature of a checkpoint binds a time")
    return checkpoint.size, min(stamps)
