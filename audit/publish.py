"""Writes the tiles of a grown tree and proves from what was stored that they are right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from audit.errors import Code
from audit.model import Numbered
from audit.ports import LogFiles
from audit.tiles import (
    WIDTH,
    Place,
    bundle,
    levels,
    nodes,
    places,
    read_hashes,
    unbundle,
)
from audit.tree import leaf_hash, range_root, root_of
from kernel.errors import TongbanError


@dataclass(frozen=True, slots=True)
class Block:
    """At most 256 leaves that share a tile, with the bodies they hash."""

    leaves: Sequence[Numbered]
    bodies: Sequence[bytes]


def write(files: LogFiles, old: int, new: int, block: Callable[[int, int], Block]) -> None:
    """Write every tile and bundle that a tree of ``new`` leaves has and one of ``old`` had not.

    ``block(start, count)`` gives leaves. Lower levels come first, each upper tile being computed
    from the stored bytes of those below. Writing again writes the same bytes.
    """
    for place in places(old, new, 0):
        one = block(place.index * WIDTH, place.width)
        files.write(Place(-1, place.index, place.width).path, bundle(one.bodies))
        files.write(place.path, b"".join(leaf.leaf for leaf in one.leaves))
    for level in range(1, levels(new)):
        for place in places(old, new, level):
            files.write(place.path, b"".join(_children(files, place)))


def prove(files: LogFiles, old: int, new: int) -> bytes:
    """Read back what was written and return the root it gives.

    Every new bundle must hash to its tile and every new upper tile to the tiles below it.
    Raises ``log-damaged`` naming the first file that does not.
    """
    for place in places(old, new, 0):
        data = files.read(Place(-1, place.index, place.width).path)
        bodies = None if data is None else unbundle(data)
        if bodies is None or [leaf_hash(body) for body in bodies] != read_hashes(files, place):
            raise TongbanError(Code.LOG_DAMAGED, what=Place(-1, place.index, place.width).path)
    for level in range(1, levels(new)):
        for place in places(old, new, level):
            if read_hashes(files, place) != list(_children(files, place)):
                raise TongbanError(Code.LOG_DAMAGED, what=place.path)
    return root_at(files, new)


def root_at(files: LogFiles, size: int, stored: int | None = None) -> bytes:
    """Return the root of the first ``size`` leaves out of the tiles of a tree of ``stored``."""
    return range_root(0, size, nodes(files, size if stored is None else stored))


def sweep(files: LogFiles, old: int, new: int) -> None:
    """Remove partial tiles between ``old`` and ``new`` whose full tile is there now."""
    for level in range(-1, levels(new)):
        for place in places(old, new, level):
            if place.width == WIDTH:
                folder = f"{place.path}.p"
                for name in list(files.names(folder)):
                    files.remove(name)


def _children(files: LogFiles, place: Place) -> Iterator[bytes]:
    """Compute a tile of an upper level from the full tiles below it."""
    for child in range(place.index * WIDTH, place.index * WIDTH + place.width):
        yield root_of(read_hashes(files, Place(place.level - 1, child, WIDTH)))
