"""Checks of the published files that need no database: upper tiles and strays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from audit.copies import FileCopies
from audit.model import Fault, FaultKind
from audit.tiles import HEIGHT, WIDTH, Place, levels, place_of, places
from audit.tree import root_of


def upper(files: FileCopies, blocks: Sequence[bytes]) -> Iterator[Fault]:
    """Compare the tiles from level 1 up with the subtree hashes of the full blocks."""
    hashes = blocks
    for level in range(1, levels(files.size)):
        for place in places(0, files.size, level):
            expected = list(hashes[place.index * WIDTH : place.index * WIDTH + place.width])
            data = files.data(place)
            found = files.tile(place)
            if data is None:
                yield Fault(FaultKind.TILE_MISSING, place.path)
            elif found is None or len(found) not in {place.width, WIDTH}:
                yield Fault(FaultKind.TILE_CHANGED, place.path, detail="length")
            elif found[: place.width] != expected:
                wrong = next(at for at, one in enumerate(expected) if found[at] != one)
                first = (place.index * WIDTH + wrong) << (level * HEIGHT)
                yield Fault(FaultKind.TILE_CHANGED, place.path, first)
        full = len(hashes) // WIDTH
        hashes = [root_of(hashes[at * WIDTH : (at + 1) * WIDTH]) for at in range(full)]


def strays(files: FileCopies, size_now: Callable[[], int]) -> Iterator[Fault]:
    """Name files below ``tile/`` that no tree of this log has, and changed partial tiles.

    The size is asked for after the names are read, because a log may grow meanwhile.

    A partial tile of an older checkpoint must be the beginning of the present tile.
    """
    names = list(files.files.names("tile"))
    size = size_now()
    for name in names:
        place = place_of(name)
        if place is None:
            yield Fault(FaultKind.FILE_UNKNOWN, name)
            continue
        below = max(place.level, 0) * HEIGHT
        if place.index * WIDTH + place.width > size >> below:
            yield Fault(FaultKind.FILE_UNKNOWN, name)
        elif place.width < WIDTH:
            width = min(WIDTH, (files.size >> below) - place.index * WIDTH)
            present = files.data(Place(place.level, place.index, width)) if width > 0 else None
            stale = files.files.read(name) or b""
            if present is not None and not _begins(present, stale):
                yield Fault(FaultKind.TILE_CHANGED, name, place.index * WIDTH << below)


def _begins(one: bytes, other: bytes) -> bool:
    return one.startswith(other) or other.startswith(one)
