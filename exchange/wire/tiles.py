"""The geometry and the paths of C2SP tlog-tiles. Knows where hashes and entries lie; never reads them itself.

A tile holds up to 256 hashes of level 8*L of the tree; a bundle holds the entries under one tile of level 0.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from exchange.wire.merkle import HASH_BYTES, Node, subtree_hash

WIDTH = 256
LEVEL_MAX = 7  # 256^8 leaves: more than a 64-bit index can name.

_PATH = re.compile(r"(entries|0|[1-9][0-9]?)((?:/x[0-9]{3})*/[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


class BadPath(ValueError):
    """No tile and no bundle has this path."""


class BadBundle(ValueError):
    """The bytes are not a sequence of length-prefixed entries."""


@dataclass(frozen=True, slots=True)
class Place:
    """One tile or bundle: which, and how many of its 256 places are filled."""

    kind: Literal["tile", "entries"]
    level: int
    n: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Below `tile/`."""
        name = "entries" if self.kind == "entries" else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"{name}/{_digits(self.n)}{partial}"

    @property
    def span(self) -> int:
        """How many leaves one of its hashes covers."""
        return 1 << (8 * self.level)

    @property
    def sizes(self) -> range:
        """The tree sizes for which this, at this width, is the right edge; for a full one, the smallest that has it."""
        least = (self.n * WIDTH + self.width) * self.span
        return range(least, least + self.span)


def place(path: str) -> Place:
    """The place a path names, exactly as tlog-tiles spells it."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise BadPath("not a tile path")
    name, digits, width = match.groups()
    n = int(digits.replace("/x", "").replace("/", ""))
    level = 0 if name == "entries" else int(name)
    found = Place("entries" if name == "entries" else "tile", level, n, int(width) if width else WIDTH)
    # Comparing with the one true spelling refuses needless zeros and a partial path for a full tile.
    if level > LEVEL_MAX or found.width > WIDTH or found.path != path or n >= 1 << 56:
        raise BadPath("not a tile path")
    return found


def places(size: int, old: int = 0) -> Iterator[Place]:
    """Every tile and bundle a tree of `size` needs and the right edge of a tree of `old` lacked."""
    for level in range(LEVEL_MAX + 1):
        count = size >> (8 * level)
        if count == 0:
            return
        for n in range((old >> (8 * level)) // WIDTH, (count + WIDTH - 1) // WIDTH):
            width = min(WIDTH, count - n * WIDTH)
            yield Place("tile", level, n, width)
            if level == 0:
                yield Place("entries", 0, n, width)


def node_reader(tile: Callable[[int, int], bytes]) -> Node:
    """The tree's nodes from its tiles: `tile(level, n)` answers with at least the hashes asked for."""

    def node(level: int, index: int) -> bytes:
        tile_level, depth = divmod(level, 8)
        first = index << depth
        n, start = divmod(first, WIDTH)
        end = start + (1 << depth)
        return subtree_hash(split(tile(tile_level, n)[start * HASH_BYTES : end * HASH_BYTES]))

    return node


def split(data: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]


def bundle(entries: Sequence[bytes]) -> bytes:
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundle(data: bytes) -> list[bytes]:
    entries: list[bytes] = []
    start = 0
    while start < len(data):
        end = start + 2 + int.from_bytes(data[start : start + 2], "big")
        if start + 2 > len(data) or end > len(data):
            raise BadBundle("the bundle is cut short")
        entries.append(data[start + 2 : end])
        start = end
    return entries


def _digits(n: int) -> str:
    """1234067 is `x001/x234/067`: files and folders of one tree never have the same name."""
    parts = [f"{n % 1000:03d}"]
    while n := n // 1000:
        parts.append(f"x{n % 1000:03d}")
    return "/".join(reversed(parts))
