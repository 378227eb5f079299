"""The four copies of each leaf hash that a check compares, read block by block.

Journal rows and entry bundles are hashed; the index of the database and the level-0 tiles hold
hashes. The first two pairs lie in the database, the others in files: whoever changes one place
only is outvoted, and whoever changes all of them alike no longer meets the signed root.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from audit import store
from audit.model import Head, Signed
from audit.ports import JournalReader, LogFiles
from audit.tiles import WIDTH, Place, hashes_of, unbundle
from audit.tree import leaf_hash
from kernel.clock import to_iso
from kernel.ports import JournalRow, Transactions, Tx

_CHUNK = 1000


class Copy(StrEnum):
    """Where a leaf hash is kept or can be computed from."""

    JOURNAL = "journal"
    INDEX = "index"
    TILE = "tile"
    BUNDLE = "bundle"


Hashes = list[bytes | None]

Numbers = Callable[[Tx, int, int], Sequence[int]]
"""Pages through numbers: transaction, last number seen, most to return."""


@dataclass(slots=True)
class Block:
    """All copies of at most 256 leaves from ``start``. ``covered[c]``: how many c should have."""

    start: int
    count: int
    copies: dict[Copy, Hashes] = field(default_factory=dict)
    covered: dict[Copy, int] = field(default_factory=dict)
    numbers: list[int | None] = field(default_factory=list)
    """Journal numbers as the index gives them."""
    wrong_columns: list[int] = field(default_factory=list)
    """Journal numbers whose columns do not match their body."""

    def agreed(self) -> list[bytes] | None:
        """Return the hashes when every copy has every one and all are equal."""
        first = max(self.copies, key=lambda one: self.covered[one])
        hashes = self.copies[first]
        if self.covered[first] < self.count or None in hashes:
            return None
        if any(hashes[: self.covered[c]] != self.copies[c] for c in self.copies):
            return None
        return [one for one in hashes if one is not None]


@dataclass(frozen=True, slots=True)
class DatabaseCopies:
    """The journal and the index."""

    transactions: Transactions
    journal: JournalReader

    def head(self, origin: str) -> tuple[Head, int, int]:
        """Return the head, the number of leaves in the index, and its largest index."""
        return self.transactions.read(lambda tx: (store.head(tx, origin), *store.extent(tx)))

    def last(self, size: int) -> int:
        """Return the journal number of the last of ``size`` leaves, 0 when there is none."""
        found = self.transactions.read(lambda tx: store.entries(tx, size - 1, 1)) if size else []
        return found[0].no if found and found[0].index == size - 1 else 0

    def checkpoints(self) -> Iterator[Signed]:
        """Yield every kept checkpoint by size."""
        above = 0
        while found := self.transactions.read(partial(_checkpoints, above=above)):
            yield from found
            above = found[-1].size

    def fill(self, block: Block) -> None:
        """Add the copies of the journal and of the index."""

        def query(tx: Tx) -> None:
            end = block.start + block.count
            leaves = [one for one in store.entries(tx, block.start, block.count) if one.index < end]
            index: Hashes = [None] * block.count
            journal: Hashes = [None] * block.count
            numbers: list[int | None] = [None] * block.count
            found = {row.no: row for row in self.journal.among(tx, [one.no for one in leaves])}
            for one in leaves:
                at = one.index - block.start
                index[at], numbers[at] = one.leaf, one.no
                row = found.get(one.no)
                if row is not None:
                    journal[at] = leaf_hash(row.body)
                    if not matches(row):
                        block.wrong_columns.append(row.no)
            block.copies |= {Copy.JOURNAL: journal, Copy.INDEX: index}
            block.covered |= {Copy.JOURNAL: block.count, Copy.INDEX: block.count}
            block.numbers = numbers

        self.transactions.read(query)

    def unindexed(self, last: int) -> Iterator[int]:
        """Yield journal numbers up to ``last`` that no leaf stands for."""
        indexed = self._stream(store.numbers)
        known = next(indexed, None)
        for no in self._stream(self.journal.numbers):
            while known is not None and known < no:
                known = next(indexed, None)
            if no > last:
                return
            if known != no:
                yield no

    def waiting(self, last: int) -> int:
        """Count journal rows after number ``last``."""
        return sum(1 for no in self._stream(self.journal.numbers, last) if no > last)

    def _stream(self, read: Numbers, after: int = -(2**62)) -> Iterator[int]:
        while found := self.transactions.read(partial(_page, read=read, no=after)):
            yield from found
            after = found[-1]


def matches(row: JournalRow) -> bool:
    """Tell whether the columns of a journal row repeat what its body says."""
    try:
        body = json.loads(row.body)
        said = (body["at"], body["kind"], body["subject"])
    except (ValueError, KeyError, TypeError):
        return False
    return bool(said == (to_iso(row.at), row.kind, row.subject))


@dataclass(frozen=True, slots=True)
class FileCopies:
    """Tiles and bundles of a tree whose newest checkpoint has ``size`` leaves."""

    files: LogFiles
    size: int

    def fill(self, block: Block) -> None:
        """Add the copies of the level-0 tile and of the bundle."""
        width = min(WIDTH, self.size - block.start)
        if width <= 0:
            return
        number = block.start // WIDTH
        tile = self.tile(Place(0, number, width))
        bundle = self.bundle(Place(-1, number, width))
        for copy, found in ((Copy.TILE, tile), (Copy.BUNDLE, bundle)):
            block.copies[copy] = _fit(found, width)
            block.covered[copy] = width

    def tile(self, place: Place) -> list[bytes] | None:
        """Return a tile's hashes, from the full tile where the partial one is gone; or None."""
        data = self.data(place)
        return None if data is None else hashes_of(data)

    def bundle(self, place: Place) -> list[bytes] | None:
        """Return the leaf hashes of a bundle's entries, or None."""
        data = self.data(place)
        bodies = None if data is None else unbundle(data)
        return None if bodies is None else [leaf_hash(body) for body in bodies]

    def data(self, place: Place) -> bytes | None:
        """Return a file's bytes or those of its full tile."""
        data = self.files.read(place.path)
        if data is None and place.width < WIDTH:
            data = self.files.read(Place(place.level, place.index, WIDTH).path)
        return data


def _fit(found: list[bytes] | None, width: int) -> Hashes:
    """Cut or fill to ``width``; a file of another length deviates at least in its last leaf."""
    present = (found or [])[:width]
    hashes: Hashes = [*present, *([None] * (width - len(present)))]
    if found is not None and len(found) not in {width, WIDTH}:
        hashes[-1] = None
    return hashes


def _checkpoints(tx: Tx, above: int) -> list[Signed]:
    return store.checkpoints(tx, above, _CHUNK)


def _page(tx: Tx, read: Numbers, no: int) -> list[int]:
    return list(read(tx, no, _CHUNK))
