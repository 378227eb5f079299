"""Tiles and entry bundles in the layout of C2SP tlog-tiles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from audit.errors import Code
from audit.tree import HASH_BYTES, Node, root_of
from kernel.errors import TongbanError

WIDTH = 256
HEIGHT = 8
ENTRIES = "entries"
CHECKPOINT = "checkpoint"
KEY = "key"
"""File beside the tiles with the log's verifier key; a convenience, never a root of trust."""

_PATH = re.compile(
    r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


class Reads(Protocol):
    """Reads a published file."""

    def read(self, name: str) -> bytes | None:
        """Return the bytes, or None."""


@dataclass(frozen=True, slots=True)
class Place:
    """One tile: ``level`` 0 to 63, or -1 for an entry bundle; ``width`` 1 to 256."""

    level: int
    index: int
    width: int

    @property
    def path(self) -> str:
        """The path below the log's prefix."""
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        level = ENTRIES if self.level < 0 else str(self.level)
        part = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{number}{part}"


def place_of(path: str) -> Place | None:
    """Parse a path; None for anything that is no tile's only spelling."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    level = -1 if match[1] == ENTRIES else int(match[1])
    place = Place(level, int(match[2].replace("x", "").replace("/", "")), int(match[3] or WIDTH))
    return place if place.path == path and place.width <= WIDTH else None


def places(old: int, new: int, level: int) -> Iterator[Place]:
    """Name the tiles of a level that a tree of ``new`` leaves has and one of ``old`` had not."""
    below = max(level, 0) * HEIGHT
    start, end = old >> below, new >> below
    for index in range(start // WIDTH, -(-end // WIDTH)):
        width = min(WIDTH, end - index * WIDTH)
        if index * WIDTH + width > start:
            yield Place(level, index, width)


def levels(size: int) -> int:
    """Return how many levels of tiles a tree of ``size`` leaves has."""
    count = 0
    while size >> (count * HEIGHT):
        count += 1
    return count


def bundle(bodies: Sequence[bytes]) -> bytes:
    """Join entries, each behind its length in two bytes, big-endian."""
    return b"".join(len(body).to_bytes(2, "big") + body for body in bodies)


def unbundle(data: bytes) -> list[bytes] | None:
    """Split an entry bundle; None when it is malformed."""
    bodies: list[bytes] = []
    at = 0
    while at + 2 <= len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data):
            return None
        bodies.append(data[at + 2 : end])
        at = end
    return bodies if at == len(data) else None


def hashes_of(data: bytes) -> list[bytes] | None:
    """Split a tile into its hashes; None when its length is not a multiple of 32."""
    if len(data) % HASH_BYTES:
        return None
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def read_hashes(files: Reads, place: Place) -> list[bytes]:
    """Return the hashes of a tile, taken from the full tile where the partial one is gone.

    Raises ``log-damaged`` naming the tile when it is missing or of the wrong length.
    """
    for width in dict.fromkeys((place.width, WIDTH)):
        found = Place(place.level, place.index, width)
        data = files.read(found.path)
        hashes = None if data is None else hashes_of(data)
        if hashes is not None and len(hashes) == width:
            return hashes[: place.width]
    raise TongbanError(Code.LOG_DAMAGED, what=place.path)


@dataclass(slots=True)
class TileNodes:
    """Gives subtree hashes of a tree of ``size`` leaves out of its stored tiles."""

    files: Reads
    size: int
    cache: dict[tuple[int, int], list[bytes]] = field(default_factory=dict)

    def __call__(self, level: int, index: int) -> bytes:
        """Return the hash of a complete subtree (``audit.tree.Node``)."""
        tile_level, inner = divmod(level, HEIGHT)
        first = index << inner
        number, offset = divmod(first, WIDTH)
        key = (tile_level, number)
        if key not in self.cache:
            width = min(WIDTH, (self.size >> (tile_level * HEIGHT)) - number * WIDTH)
            if width < 1:
                raise TongbanError(Code.LOG_DAMAGED, what=Place(tile_level, number, WIDTH).path)
            self.cache[key] = read_hashes(self.files, Place(tile_level, number, width))
        return root_of(self.cache[key][offset : offset + (1 << inner)])


def nodes(files: Reads, size: int) -> Node:
    """Return the subtree hashes of a stored tree of ``size`` leaves."""
    return TileNodes(files, size)
