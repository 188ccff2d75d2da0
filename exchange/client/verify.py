"""Verifies a whole log from an exported folder. Trusts the keys it is given and nothing else; asks no server.

Each check is numbered, and passes or raises `VerificationRefused` with that number:
 1  keys       the folder's keys.txt names exactly the keys the reader trusts, of both algorithms
 2  signature  the newest checkpoint is signed by every one of them
 3  root       the entries, hashed anew, give the signed root
 4  tiles      every tile and bundle in the folder holds what the entries give, none is missing
 5  past       every stored checkpoint is signed by every key, and is a prefix of this very tree
 6  entries    each entry is canonical, complete and of a known type
 7  ids        no entry's id is used twice
 8  refs       an entry refers only to entries before it
 9  versions   each subject's versions count 1, 2, 3 … in the order of the log
10  memory     a checkpoint the reader remembered is signed and is a prefix of this very tree
   With the offline root's key, 1, 2, 5 and 10 go by the keys of their time; without it every given key signed all.
11  witnesses  as many of the reader's witnesses as it asks for cosigned the newest checkpoint
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from exchange.client.key_changes import CHANGES, Trust, known
from exchange.wire.cosignatures import cosigners
from exchange.wire.entries import BadEntry, Entry
from exchange.wire.event_types import TYPES
from exchange.wire.log_keys import LogKeys
from exchange.wire.merkle import EMPTY_ROOT, Frontier, leaf_hash, subtree_hash
from exchange.wire.notes import Checkpoint, Keys, NoteRefused, demanded, open_checkpoint, read_checkpoint
from exchange.wire.tiles import WIDTH, BadBundle, BadPath, Place, bundle, place, places, split, unbundle

_FILE_BYTES_MAX = 1 << 25


class VerificationRefused(Exception):
    """The log does not verify: which check refused, and why."""

    def __init__(self, check: str, reason: str) -> None:
        super().__init__(f"{check}: {reason}")
        self.check = check
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Report:
    """What was verified, and by which keys."""

    origin: str
    size: int
    root: bytes
    entries: int
    keys: Keys


@dataclass(slots=True)
class _Seen:
    """What the entries so far allow the next one to say."""

    ids: set[str] = field(default_factory=set)
    versions: dict[str, int] = field(default_factory=dict)
    log: str = ""
    """Under which subject this log speaks of itself; one that was continued holds what others said, too."""
    key_changes: set[bytes] = field(default_factory=set)


def verify_log(
    folder: Path,
    vkeys: Sequence[str],
    old_note: str | None = None,
    *,
    root: str = "",
    witnesses: Sequence[str] = (),
    quorum: int = 0,
) -> Report:
    """All eleven checks, in an order in which nothing unverified is relied upon."""
    trust = Trust(vkeys, root, witnesses, quorum)
    try:
        changes, keys = known(trust, folder)
    except NoteRefused as refused:
        raise VerificationRefused("1 keys", str(refused)) from None
    note = _read(folder / "checkpoint", "2 signature")
    newest = _signed(note, keys, "2 signature")
    _check_keys(folder, demanded(note.decode(), newest, keys))
    _check_witnesses(note, witnesses, quorum)
    # What follows must be a prefix of what was just shown to be signed: a quorum need not stand behind each.
    earlier = replace(keys, is_cosigned=lambda _: True) if isinstance(keys, LogKeys) else keys
    past = dict(_past(folder, earlier))
    memory = None if old_note is None else _held(old_note.encode(), earlier, "10 memory")
    seen = _Seen()
    roots, tiles = _replay(folder, newest, {*past, memory.size if memory else 0}, seen)
    if roots[newest.size] != newest.root:
        raise VerificationRefused("3 root", "the entries do not give the signed root")
    _check_tiles(folder, newest.size, tiles)
    if root and set(changes.leaves) != seen.key_changes:
        raise VerificationRefused("1 keys", "the changes of the keys that are shown are not those in the log")
    for size, checkpoint in past.items():
        if roots.get(size) != checkpoint.root:
            raise VerificationRefused("5 past", f"the checkpoint of size {size} is not a prefix of this log")
    if memory is not None and roots.get(memory.size) != memory.root:
        raise VerificationRefused("10 memory", "the remembered checkpoint is not a prefix of this log")
    return Report(newest.origin, newest.size, newest.root, newest.size, earlier)


def _check_keys(folder: Path, due: Sequence[str]) -> None:
    """The folder names those that must have signed; others, of an overlap or only for those who ask, may be there."""
    try:
        named = _read(folder / "keys.txt", "1 keys").decode().removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        raise VerificationRefused("1 keys", "a key is malformed") from None
    if not set(due) <= set(named):
        raise VerificationRefused("1 keys", "the folder names other keys than those trusted")


def _signed(note: bytes, keys: Keys, check: str) -> Checkpoint:
    try:
        return open_checkpoint(note.decode(), keys)
    except (NoteRefused, UnicodeDecodeError) as refused:
        raise VerificationRefused(check, str(refused)) from None


def _held(note: bytes, keys: Keys, check: str) -> Checkpoint:
    """As signed; or as claimed where nothing signed counts any more, because it must be a prefix all the same."""
    try:
        claimed = read_checkpoint(note.decode())[0]
        if isinstance(keys, LogKeys) and keys.origin == claimed.origin and keys.is_void(claimed.size):
            return claimed
    except (NoteRefused, UnicodeDecodeError):
        pass  # Refused again below, with its reason.
    return _signed(note, keys, check)


def _check_witnesses(note: bytes, witnesses: Sequence[str], quorum: int) -> None:
    try:
        found = cosigners(note.decode(), witnesses) if witnesses or quorum else {}
    except NoteRefused as refused:
        raise VerificationRefused("11 witnesses", str(refused)) from None
    if len(found) < quorum:
        raise VerificationRefused("11 witnesses", "too few of the witnesses cosigned the newest checkpoint")


def _past(folder: Path, keys: Keys) -> Iterator[tuple[int, Checkpoint]]:
    for path in sorted((folder / "checkpoints").glob("*")):
        checkpoint = _held(_read(path, "5 past"), keys, "5 past")
        if path.name != str(checkpoint.size):
            raise VerificationRefused("5 past", "a stored checkpoint is not of the size its name says")
        yield checkpoint.size, checkpoint


def _replay(
    folder: Path, newest: Checkpoint, sizes: set[int], seen: _Seen
) -> tuple[dict[int, bytes], Mapping[int, list[bytes]]]:
    """Every entry in order: its own checks, its hash; the roots at the sizes asked for and the hashes of each level."""
    frontier = Frontier()
    roots = {0: EMPTY_ROOT}
    leaves: list[bytes] = []
    for data in entries_of(folder, newest.size):
        _check_entry(data, seen)
        leaves.append(leaf_hash(data))
        frontier.add(leaves[-1])
        if frontier.size in sizes or frontier.size == newest.size:
            roots[frontier.size] = frontier.root()
    levels = {0: leaves}
    while len(levels[len(levels) - 1]) >= WIDTH:
        below = levels[len(levels) - 1]
        full = range(0, len(below) - WIDTH + 1, WIDTH)
        levels[len(levels)] = [subtree_hash(below[start : start + WIDTH]) for start in full]
    return roots, levels


def entries_of(folder: Path, size: int) -> Iterator[bytes]:
    """The entries as they lie in the folder's bundles."""
    for wanted in places(size):
        if wanted.kind != "entries":
            continue
        try:
            entries = unbundle(_read(folder / "tile" / wanted.path, "4 tiles"))
        except BadBundle as bad:
            raise VerificationRefused("4 tiles", str(bad)) from None
        if len(entries) != wanted.width:
            raise VerificationRefused("4 tiles", "a bundle holds another number of entries")
        yield from entries


def _check_entry(data: bytes, seen: _Seen) -> None:
    try:
        entry = Entry.opened(data)
    except BadEntry as bad:
        raise VerificationRefused("6 entries", str(bad)) from None
    if entry.type not in TYPES:
        raise VerificationRefused("6 entries", "an entry is of an unknown type")
    if entry.id in seen.ids:
        raise VerificationRefused("7 ids", "an id is used twice")
    if not seen.ids.issuperset(entry.refs):
        raise VerificationRefused("8 refs", "an entry refers to one that is not before it")
    if entry.version != seen.versions.get(entry.subject, 0) + 1:
        raise VerificationRefused("9 versions", "a subject's versions have a gap")
    seen.ids.add(entry.id)
    if entry.type in ("log.opened", "log.continued"):
        seen.log = seen.log or entry.subject
    elif entry.type in CHANGES and entry.subject == seen.log:
        seen.key_changes.add(leaf_hash(data))
    seen.versions[entry.subject] = entry.version


def _check_tiles(folder: Path, size: int, levels: Mapping[int, list[bytes]]) -> None:
    """The tree's own tiles are all there, and whatever else lies there (older partial ones) agrees with them."""
    root = folder / "tile"
    present = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    missing = {wanted.path for wanted in places(size)} - present
    if missing:
        raise VerificationRefused("4 tiles", "a tile is missing")
    for name in sorted(present):
        try:
            found = place(name)
        except BadPath:
            raise VerificationRefused("4 tiles", "a file is no tile") from None
        data = _read(root / name, "4 tiles")
        hashes = _hashes(found, data)
        # What lies beyond the checkpoint (an export broken off) proves nothing yet; what it covers must agree.
        covered = levels.get(found.level, [])[found.n * WIDTH : found.n * WIDTH + found.width]
        if hashes[: len(covered)] != covered or len(hashes) != found.width:
            raise VerificationRefused("4 tiles", "a tile is not what the entries give")


def _hashes(found: Place, data: bytes) -> list[bytes]:
    if found.kind == "tile":
        return split(data)
    try:
        entries = unbundle(data)
    except BadBundle as bad:
        raise VerificationRefused("4 tiles", str(bad)) from None
    if bundle(entries) != data:
        raise VerificationRefused("4 tiles", "a bundle is not what the entries give")
    return [leaf_hash(entry) for entry in entries]


def _read(path: Path, check: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES_MAX + 1)
    except OSError:
        raise VerificationRefused(check, "a file is missing") from None
    if len(data) > _FILE_BYTES_MAX:
        raise VerificationRefused(check, "a file is too large")
    return data
