"""Merkle tree over SHA-256 (RFC 6962, 2.1; RFC 9162, 2.1): pure functions over bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""

Node = Callable[[int, int], bytes]
"""``node(level, index)`` gives the hash of the complete subtree of 2^level leaves at
``index * 2^level``."""


def leaf_hash(body: bytes) -> bytes:
    """Return SHA-256(0x00 || body)."""
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the tree hash over leaf hashes, or over subtree hashes of one level."""
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        above = [
            node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


@dataclass(slots=True)
class CompactRange:
    """The complete subtrees of a tree of ``size`` leaves, largest first: enough to append to it."""

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse a state that cannot be: one hash for each bit set in ``size``."""
        if len(self.hashes) != self.size.bit_count():
            raise ValueError(f"{len(self.hashes)} hashes for {self.size} leaves")

    def append(self, hashed: bytes, level: int = 0) -> None:
        """Add one leaf hash, or a complete subtree of 2^level leaves where the size allows it."""
        if self.size & ((1 << level) - 1):
            raise ValueError("a subtree may only follow complete subtrees of its size")
        rest = self.size >> level
        while rest & 1:
            hashed = node_hash(self.hashes.pop(), hashed)
            rest >>= 1
        self.hashes.append(hashed)
        self.size += 1 << level

    def extend(self, hashes: Iterable[bytes]) -> None:
        """Add leaf hashes in order."""
        for one in hashes:
            self.append(one)

    def root(self) -> bytes:
        """Return the root of the present tree."""
        if not self.hashes:
            return EMPTY_ROOT
        hashed = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            hashed = node_hash(left, hashed)
        return hashed

    def copy(self) -> CompactRange:
        """Return an independent range of the same state."""
        return CompactRange(self.size, list(self.hashes))


def is_sound(size: int, frontier: Sequence[bytes], root: bytes) -> bool:
    """Tell whether a stored range fits its size and its root. Never raises."""
    if size < 0 or len(frontier) != size.bit_count() or not _sized(frontier):
        return False
    return CompactRange(size, list(frontier)).root() == root


def range_root(start: int, end: int, node: Node) -> bytes:
    """Return the hash over leaves ``start`` to ``end`` of an aligned part of the tree."""
    if start == end:
        return EMPTY_ROOT
    parts: list[bytes] = []
    at = start
    while at < end:
        level = (end - at).bit_length() - 1
        parts.append(node(level, at >> level))
        at += 1 << level
    hashed = parts[-1]
    for left in reversed(parts[:-1]):
        hashed = node_hash(left, hashed)
    return hashed


def inclusion_proof(index: int, size: int, node: Node) -> tuple[bytes, ...]:
    """Return PATH(index, D[size]), from the leaf's sibling up. ValueError when outside."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(range_root(middle, end, node))
            end = middle
        else:
            path.append(range_root(start, middle, node))
            start = middle
    return tuple(reversed(path))


def consistency_proof(old: int, new: int, node: Node) -> tuple[bytes, ...]:
    """Return PROOF(old, D[new]) of RFC 6962, 2.1.2. ValueError unless 0 < old <= new."""
    if not 0 < old <= new:
        raise ValueError(f"no consistency from {old} to {new}")
    path: list[bytes] = []
    start, end = 0, new
    whole = True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(range_root(middle, end, node))
            end = middle
        else:
            path.append(range_root(start, middle, node))
            start = middle
            whole = False
    if not whole:
        path.append(range_root(start, end, node))
    return tuple(reversed(path))


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Check an inclusion proof (RFC 9162, 2.1.3.2). Never raises on bad input."""
    if not 0 <= index < size or not _sized([leaf, root, *proof]):
        return False
    position, last = index, size - 1
    hashed = leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            hashed = node_hash(sibling, hashed)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            hashed = node_hash(hashed, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and hashed == root


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Check a consistency proof (RFC 9162, 2.1.4.2). Never raises on bad input."""
    if not 0 < old <= new or not _sized([old_root, new_root, *proof]):
        return False
    if old == new:
        return not proof and old_root == new_root
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    position, last = old - 1, new - 1
    while position & 1:
        position >>= 1
        last >>= 1
    former = latter = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            former, latter = node_hash(sibling, former), node_hash(sibling, latter)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            latter = node_hash(latter, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and former == old_root and latter == new_root


def _split(size: int) -> int:
    """Return the largest power of two smaller than ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


def _sized(hashes: Iterable[bytes]) -> bool:
    return all(len(one) == HASH_BYTES for one in hashes)
