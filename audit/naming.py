"""Names what deviates from the truth: rows, index entries and tiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from audit.copies import Copy, FileCopies
from audit.model import Fault, FaultKind
from audit.tiles import WIDTH, Place
from audit.tracks import Deviation
from audit.tree import root_of

_CHANGED = {Copy.JOURNAL: FaultKind.ROW_CHANGED, Copy.INDEX: FaultKind.INDEX_CHANGED}
_MISSING = {Copy.JOURNAL: FaultKind.ROW_MISSING, Copy.INDEX: FaultKind.INDEX_MISSING}


def rows(deviations: Sequence[Deviation], truth: str) -> Iterator[Fault]:
    """Name journal rows and index entries that deviate from what hypothesis ``truth`` chose."""
    swapped = _swaps(deviations, truth)
    for one in deviations:
        right = one.chosen[truth]
        for copy in (Copy.JOURNAL, Copy.INDEX):
            if copy not in one.found or one.found[copy] == right:
                continue
            found = one.found[copy]
            if copy is Copy.JOURNAL and one.index in swapped:
                yield _swap(one, swapped[one.index])
            elif copy is Copy.JOURNAL and one.number is None:
                continue  # named as a missing index entry: which row it was, nobody can tell
            else:
                kind = _MISSING[copy] if found is None else _CHANGED[copy]
                yield Fault(kind, _where(copy, one), one.index)


def files(
    deviations: Sequence[Deviation], truth: str, blocks: Sequence[bytes], stored: FileCopies
) -> Iterator[Fault]:
    """Name level-0 tiles and bundles that deviate, once each, with the first leaf concerned.

    ``blocks`` are the true subtree hashes of the full blocks: two files that hold each other's
    leaves are named as swapped.
    """
    first: dict[tuple[Copy, int], int] = {}
    for one in deviations:
        for copy in (Copy.TILE, Copy.BUNDLE):
            if copy in one.found and one.found[copy] != one.chosen[truth]:
                first.setdefault((copy, one.index // WIDTH), one.index)
    holds = {key: _holds(key, blocks, stored) for key in first}
    for (copy, number), index in first.items():
        place = _place(copy, number, stored.size)
        other = holds[copy, number]
        if other is not None and other != number and holds.get((copy, other)) == number:
            detail = f"with {_place(copy, other, stored.size).path}"
            yield Fault(FaultKind.TILES_SWAPPED, place.path, index, detail)
        elif stored.data(place) is None:
            yield Fault(FaultKind.TILE_MISSING, place.path, index)
        else:
            yield Fault(FaultKind.TILE_CHANGED, place.path, index)


def _place(copy: Copy, number: int, size: int) -> Place:
    width = min(WIDTH, size - number * WIDTH)
    return Place(0 if copy is Copy.TILE else -1, number, width)


def _holds(key: tuple[Copy, int], blocks: Sequence[bytes], stored: FileCopies) -> int | None:
    """Return the number of the full block whose leaves a file really holds."""
    copy, number = key
    place = _place(copy, number, stored.size)
    hashes = stored.tile(place) if copy is Copy.TILE else stored.bundle(place)
    if hashes is None or len(hashes) != WIDTH:
        return None
    subtree = root_of(hashes)
    return blocks.index(subtree) if subtree in blocks else None


def _swaps(deviations: Sequence[Deviation], truth: str) -> Mapping[int, Deviation]:
    """Pair leaves whose journal rows hash to each other's true hash."""
    wrong = [
        one
        for one in deviations
        if one.found.get(Copy.JOURNAL) is not None and one.found[Copy.JOURNAL] != one.chosen[truth]
    ]
    at = {one.chosen[truth]: one for one in wrong}
    pairs: dict[int, Deviation] = {}
    for one in wrong:
        other = at.get(one.found[Copy.JOURNAL] or b"")
        if other is not None and other.found[Copy.JOURNAL] == one.chosen[truth]:
            pairs[one.index] = other
    return pairs


def _swap(one: Deviation, other: Deviation) -> Fault:
    lower, upper = sorted((one, other), key=lambda each: each.index)
    detail = f"with journal {other.number}"
    if (lower.number or 0) > (upper.number or 0):
        # Numbers grow with the index; here they do not: the index was changed, not the rows.
        return Fault(FaultKind.INDEX_CHANGED, f"index {one.index}", one.index, "order")
    return Fault(FaultKind.ROWS_SWAPPED, f"journal {one.number}", one.index, detail)


def _where(copy: Copy, one: Deviation) -> str:
    return f"journal {one.number}" if copy is Copy.JOURNAL else f"index {one.index}"
