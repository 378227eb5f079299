"""Which copy is right? Several hypotheses are hashed side by side; the signed root decides.

While all copies agree there is one tree. From the first disagreement on, each hypothesis follows
its own choice of copies. The one that meets the signed root names the true hash of every leaf.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from audit.copies import Block, Copy
from audit.tiles import HEIGHT, WIDTH
from audit.tree import HASH_BYTES, CompactRange, root_of

_DATABASE_FIRST = (Copy.JOURNAL, Copy.INDEX, Copy.BUNDLE, Copy.TILE)
_FILES_FIRST = (Copy.BUNDLE, Copy.TILE, Copy.JOURNAL, Copy.INDEX)
_NOTHING = bytes(HASH_BYTES)
"""Stands for a leaf that no copy has; no input is known that hashes to it."""

Guide = Callable[[int], bytes | None]
"""Gives the subtree hash that a level-1 tile claims for a full block."""

MOST_DEVIATIONS = 20_000

HYPOTHESES: Mapping[str, tuple[tuple[Copy, ...], bool]] = {
    "database": (_DATABASE_FIRST, True),
    "files": (_FILES_FIRST, True),
    "journal": ((Copy.JOURNAL, *_FILES_FIRST), False),
    "index": ((Copy.INDEX, *_FILES_FIRST), False),
    "tile": ((Copy.TILE, *_DATABASE_FIRST), False),
    "bundle": ((Copy.BUNDLE, *_DATABASE_FIRST), False),
}
"""Order of trust, and whether a vote of the copies comes before that order."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """A leaf on whose hash the copies do not agree."""

    index: int
    number: int | None
    found: Mapping[Copy, bytes | None]
    chosen: Mapping[str, bytes]


@dataclass(slots=True)
class Track:
    """The tree of one hypothesis and which claimed roots it met."""

    tree: CompactRange = field(default_factory=CompactRange)
    blocks: list[bytes] = field(default_factory=list)
    """Subtree hash of each full block: the hashes of the level-1 tiles."""
    met: set[tuple[int, bytes]] = field(default_factory=set)
    """Claimed sizes and roots that this tree went through."""

    def add(self, hashes: Sequence[bytes], known: Mapping[int, Sequence[bytes]]) -> None:
        """Append a block; ``known`` gives the roots claimed for sizes inside it."""
        if len(hashes) == WIDTH:
            subtree = root_of(hashes)
            self.blocks.append(subtree)
            if not known:
                self.tree.append(subtree, HEIGHT)
                return
        for one in hashes:
            self.tree.append(one)
            claims = known.get(self.tree.size, ())
            if claims and self.tree.root() in claims:
                self.met.add((self.tree.size, self.tree.root()))

    def copy(self) -> Track:
        """Return an independent track of the same state."""
        return Track(self.tree.copy(), list(self.blocks), set(self.met))


@dataclass(slots=True)
class Tracks:
    """All hypotheses."""

    guide: Guide
    by: dict[str, Track] = field(default_factory=lambda: {"database": Track()})
    deviations: list[Deviation] = field(default_factory=list)
    unlisted: int = 0

    def add(self, block: Block, known: Mapping[int, Sequence[bytes]]) -> None:
        """Append a block to every track, splitting them at the first disagreement."""
        agreed = block.agreed()
        if agreed is not None:
            for track in self.by.values():
                track.add(agreed, known)
            return
        if len(self.by) == 1:
            first = self.by["database"]
            self.by = {name: first.copy() for name in HYPOTHESES}
        claimed = self.guide(block.start // WIDTH) if block.count == WIDTH else None
        plain = {name: _choose(block, order, vote) for name, (order, vote) in HYPOTHESES.items()}
        guided = next((one for one in plain.values() if root_of(one) == claimed), None)
        chosen = {
            name: guided if guided is not None and HYPOTHESES[name][1] else plain[name]
            for name in HYPOTHESES
        }
        for name, track in self.by.items():
            track.add(chosen[name], known)
        self._note(block, chosen)

    def best(self, size: int, root: bytes) -> tuple[str, bool]:
        """Return the hypothesis whose tree of ``size`` has this root, and whether any had.

        Where none did, the one that met most known roots is the best guess.
        """
        for name, track in self.by.items():
            if (size, root) in track.met:
                return name, True
        return max(self.by, key=lambda name: len(self.by[name].met)), False

    def _note(self, block: Block, chosen: Mapping[str, Sequence[bytes]]) -> None:
        for at in range(block.count):
            found = {c: block.copies[c][at] for c in block.copies if at < block.covered[c]}
            if len(set(found.values())) == 1 and None not in found.values():
                continue
            if len(self.deviations) >= MOST_DEVIATIONS:
                self.unlisted += 1
                continue
            number = block.numbers[at] if block.numbers else None
            choice = {name: hashes[at] for name, hashes in chosen.items()}
            self.deviations.append(Deviation(block.start + at, number, found, choice))


def _choose(block: Block, order: Sequence[Copy], vote: bool) -> list[bytes]:  # noqa: FBT001 - a table's column
    hashes: list[bytes] = []
    for at in range(block.count):
        present = [
            one
            for copy in order
            if copy in block.copies and at < block.covered[copy]
            for one in (block.copies[copy][at],)
            if one is not None
        ]
        if not present:
            hashes.append(_NOTHING)
        elif vote:
            # most_common keeps the order of first sight among equals: the order of trust.
            hashes.append(Counter(present).most_common(1)[0][0])
        else:
            hashes.append(present[0])
    return hashes
