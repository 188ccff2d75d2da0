"""The tree of RFC 6962 / RFC 9162: hashes, proofs, and the refusal of wrong proofs. Never stores anything.

Builders take a reader `node(level, index)`: the hash over leaves [index*2^level, (index+1)*2^level).
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

Node = Callable[[int, int], bytes]

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


class ProofRefused(ValueError):
    """The proof does not prove it."""


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def subtree_hash(hashes: Sequence[bytes]) -> bytes:
    """The hash over a complete subtree: the number of hashes is a power of two."""
    level = list(hashes)
    if not level or len(level) & (len(level) - 1):
        raise ValueError("not a power of two")
    while len(level) > 1:
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


def root_hash(size: int, node: Node) -> bytes:
    """The root of the first `size` leaves."""
    return _range_hash(0, size, node) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """PATH(index, D[size]): from the leaf's sibling up to the root's child."""
    if not 0 <= index < size:
        raise ValueError("no such leaf in that tree")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range_hash(middle, high, node))
            high = middle
        else:
            path.append(_range_hash(low, middle, node))
            low = middle
    return path[::-1]


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """PROOF(old, D[new]): that the first `old` leaves of the new tree are the old tree."""
    if not 0 <= old <= new:
        raise ValueError("the old tree is the larger one")
    if old in (0, new):
        return []
    path: list[bytes] = []
    low, high = 0, new
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_range_hash(middle, high, node))
            high = middle
        else:
            path.append(_range_hash(low, middle, node))
            low = middle
    if low > 0:  # Otherwise the old tree is a complete subtree, and its root is known to who asks.
        path.append(_range_hash(low, high, node))
    return path[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 section 2.1.3.2; raises `ProofRefused` or passes."""
    if not 0 <= index < size:
        raise ProofRefused("no such leaf in that tree")
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0 or len(sibling) != HASH_BYTES:
            raise ProofRefused("the proof has the wrong shape")
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the proof has the wrong shape")
    if found != root:
        raise ProofRefused("the entry is not in that tree")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """RFC 9162 section 2.1.4.2, and the two ends it leaves out; raises `ProofRefused` or passes."""
    if not 0 <= old <= new:
        raise ProofRefused("the new tree is the smaller one")
    if old in (0, new):
        expected = EMPTY_ROOT if old == 0 else new_root
        if proof or old_root != expected or (new == 0 and new_root != EMPTY_ROOT):
            raise ProofRefused("the trees differ")
        return
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path or any(len(step) != HASH_BYTES for step in path):
        raise ProofRefused("the proof has the wrong shape")
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    found_old = found_new = path[0]
    for step in path[1:]:
        if last == 0:
            raise ProofRefused("the proof has the wrong shape")
        if place & 1 or place == last:
            found_old, found_new = node_hash(step, found_old), node_hash(step, found_new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found_new = node_hash(found_new, step)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the proof has the wrong shape")
    if found_old != old_root or found_new != new_root:
        raise ProofRefused("the new tree does not extend the old one")


class Frontier:
    """A tree that only grows and only knows its root: the complete subtrees along its right edge."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[tuple[int, bytes]] = []  # (level, hash), largest subtree first.

    def add(self, leaf: bytes) -> None:
        level, found = 0, leaf
        while self._edge and self._edge[-1][0] == level:
            found = node_hash(self._edge.pop()[1], found)
            level += 1
        self._edge.append((level, found))
        self.size += 1

    def root(self) -> bytes:
        if not self._edge:
            return EMPTY_ROOT
        found = self._edge[-1][1]
        for _, left in reversed(self._edge[:-1]):
            found = node_hash(left, found)
        return found


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << (count - 1).bit_length() - 1


def _range_hash(low: int, high: int, node: Node) -> bytes:
    """The tree over [low, high), where low is a multiple of the largest complete subtree in it."""
    count = high - low
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return node(level, low >> level)
    middle = low + _split(count)
    return node_hash(_range_hash(low, middle, node), _range_hash(middle, high, node))
