"""Recomputes the whole log and names whatever was changed, removed, swapped or inserted.

Works on a hub's database and files together, or offline on a folder of published files alone.
Time grows with the log, memory hardly (32 bytes for each 256 entries).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from audit import naming
from audit.copies import Block, DatabaseCopies, FileCopies
from audit.files_check import strays, upper
from audit.model import Checkpoint, Fault, FaultKind, Head, Report
from audit.note import LogKey, open_note
from audit.ports import JournalReader, LogFiles
from audit.tiles import CHECKPOINT, WIDTH, Place
from audit.tracks import Guide, Tracks
from audit.tree import EMPTY_ROOT, is_sound
from kernel.errors import TongbanError
from kernel.ports import Transactions

MOST_FAULTS = 1000


@dataclass(slots=True)
class _Claims:
    """Signed roots by size, all verified with the log's key."""

    origin: str
    roots: dict[int, list[bytes]] = field(default_factory=dict)
    size: int = 0
    """Largest size that the log itself shows as signed."""
    faults: list[Fault] = field(default_factory=list)
    count: int = 0

    def add(self, note: str | bytes, key: LogKey, where: str) -> Checkpoint | None:
        """Verify and keep a checkpoint; one that does not verify is a fault."""
        try:
            found = open_note(note, key)
        except TongbanError as error:
            self.faults.append(Fault(FaultKind.CHECKPOINT_CHANGED, where, detail=error.code))
            return None
        self.count += 1
        roots = self.roots.setdefault(found.size, [])
        if found.root not in roots:
            roots.append(found.root)
        if len(roots) == 2:
            self.faults.append(Fault(FaultKind.CHECKPOINT_FORKED, f"checkpoint {found.size}"))
        return found


def check(
    *,
    key: LogKey,
    files: LogFiles,
    transactions: Transactions | None = None,
    journal: JournalReader | None = None,
    known: Sequence[str] = (),
) -> Report:
    """Check the log whose checkpoints ``key`` signs.

    Without ``transactions`` and ``journal`` only the files are checked (an exported log). Give
    ``known`` checkpoints that were kept elsewhere, earlier: a log cut short and signed anew is
    found by them alone. Raises only what reading the database raises; faults are values.
    """
    database = (
        DatabaseCopies(transactions, journal)
        if transactions is not None and journal is not None
        else None
    )
    claims, notices = _claims(key, files, database, known)
    # Checkpoints first, the head after them: a log that grows meanwhile only has more than these.
    head, indexed, largest = database.head(key.name) if database else (None, 0, -1)
    claimed = claims.size
    # Neither the head nor an index is trusted here: a forged one must not make this run for ever.
    size = max(claimed, indexed)
    stored = FileCopies(files, claimed)
    tracks = Tracks(_guide(stored))
    wrong: list[int] = []
    for block in _blocks(size, claimed, files, database):
        tracks.add(block, _inside(claims, head, block))
        wrong += block.wrong_columns[: MOST_FAULTS - len(wrong)]
    root = claims.roots.get(claimed, [EMPTY_ROOT])[0]
    nothing = size == 0 and not claims.faults
    truth, met = tracks.best(claimed, root) if claimed else ("database", nothing)
    found = _Found(
        claims, tracks, truth, FileCopies(files, claimed), database, head, indexed, largest
    )
    faults = [*claims.faults, *found.all(size=size)]
    faults += [Fault(FaultKind.ROW_CHANGED, f"journal {no}", detail="columns") for no in wrong]
    listed = tuple(dict.fromkeys(faults))
    last = head.journal_no if head else 0
    return Report(
        origin=key.name,
        size=size,
        root=tracks.by[truth].tree.root(),
        signed_size=claimed,
        waiting=database.waiting(last) if database else 0,
        proven=met,
        checkpoints=claims.count,
        faults=listed[:MOST_FAULTS],
        more_faults=max(0, len(listed) - MOST_FAULTS) + tracks.unlisted,
        notices=notices,
    )


def _claims(
    key: LogKey, files: LogFiles, database: DatabaseCopies | None, known: Sequence[str]
) -> tuple[_Claims, tuple[str, ...]]:
    claims = _Claims(key.name)
    # The file before the rows: a checkpoint is kept before it is shown.
    published = files.read(CHECKPOINT)
    shown = claims.add(published, key, CHECKPOINT) if published is not None else None
    kept = count = 0
    for signed in database.checkpoints() if database else ():
        where = f"checkpoint {signed.size}"
        found = claims.add(signed.note, key, where)
        if found and (found.size, found.root) != (signed.size, signed.root):
            claims.faults.append(Fault(FaultKind.CHECKPOINT_CHANGED, where, detail="columns"))
        kept, count = max(kept, found.size if found else 0), count + 1
    # Between keeping the very first checkpoint and showing it there is none to be seen.
    if published is None and (count > 1 or database is None):
        claims.faults.append(Fault(FaultKind.CHECKPOINT_MISSING, CHECKPOINT))
    size = shown.size if shown else 0
    claims.size = max(kept, size)
    if database and size > kept:
        claims.faults.append(_truncated(size, kept))
    for number, note in enumerate(known):
        older = claims.add(note, key, f"known checkpoint {number + 1}")
        if older and older.size > claims.size:
            claims.faults.append(_truncated(older.size, claims.size))
    behind = bool(database and size < kept)
    return claims, ("checkpoint-behind",) if behind else ()


def _truncated(signed: int, end: int) -> Fault:
    detail = f"the log ends at {end}"
    return Fault(FaultKind.LOG_TRUNCATED, f"checkpoint {signed}", end, detail)


def _blocks(
    size: int, claimed: int, files: LogFiles, database: DatabaseCopies | None
) -> Iterator[Block]:
    stored = FileCopies(files, claimed)
    for start in range(0, size, WIDTH):
        block = Block(start, min(WIDTH, size - start))
        stored.fill(block)
        if database:
            database.fill(block)
        yield block


def _inside(claims: _Claims, head: Head | None, block: Block) -> Mapping[int, Sequence[bytes]]:
    """Return the roots claimed for sizes that end in this block."""
    sizes = range(block.start + 1, block.start + block.count + 1)
    inside = {size: list(claims.roots[size]) for size in sizes if size in claims.roots}
    if head and head.size in sizes:
        inside.setdefault(head.size, []).append(head.root)
    return inside


def _guide(files: FileCopies) -> Guide:
    def guide(number: int) -> bytes | None:
        index, offset = divmod(number, WIDTH)
        width = min(WIDTH, files.size // WIDTH - index * WIDTH)
        hashes = files.tile(Place(1, index, width)) if width > offset else None
        return hashes[offset] if hashes and len(hashes) > offset else None

    return guide


@dataclass(frozen=True, slots=True)
class _Found:
    """Turns what the walk gathered into named faults."""

    claims: _Claims
    tracks: Tracks
    truth: str
    files: FileCopies
    database: DatabaseCopies | None
    head: Head | None
    indexed: int
    largest: int

    def all(self, *, size: int) -> Iterator[Fault]:
        """Yield every fault."""
        deviations = self.tracks.deviations
        if size and not self.claims.roots:
            yield Fault(FaultKind.CHECKPOINT_MISSING, CHECKPOINT, detail="nothing was signed")
        yield from self._roots()
        yield from naming.rows(deviations, self.truth)
        blocks = self.tracks.by[self.truth].blocks
        yield from naming.files(deviations, self.truth, blocks, self.files)
        yield from upper(self.files, blocks)
        yield from strays(self.files, self._size_now)
        if self.database and self.head:
            for no in self.database.unindexed(self.head.journal_no):
                yield Fault(FaultKind.ROW_INSERTED, f"journal {no}")
            yield from self._head(self.head)
            if self.largest >= size:
                yield Fault(FaultKind.INDEX_CHANGED, f"index beyond {size}", size)

    def _size_now(self) -> int:
        """Return the size up to which there may be files by now."""
        grown = self.database.head(self.claims.origin)[1] if self.database else 0
        return max(self.claims.size, grown)

    def _roots(self) -> Iterator[Fault]:
        """Name signed sizes whose root the entries do not give, the first of them as a range."""
        reached = {(0, EMPTY_ROOT), *self.tracks.by[self.truth].met}
        good = {size for size, root in reached if root in self.claims.roots.get(size, ())}
        bad = sorted(size for size in self.claims.roots if size <= self.claims.size)
        bad = [size for size in bad if size not in good]
        if not bad:
            return
        before = max((size for size in good if size < bad[0]), default=0)
        detail = f"entries {before} to {bad[0] - 1} are not those that were signed"
        if not bad[0]:
            detail = "an empty log has another root"
        yield Fault(FaultKind.ROOT_MISMATCH, f"checkpoint {bad[0]}", before, detail)

    def _head(self, head: Head) -> Iterator[Fault]:
        reached = self.tracks.by[self.truth].met
        whole = not head.size or (head.size, head.root) in reached
        last = self.database.last(head.size) if self.database else None
        sound = whole and is_sound(head.size, head.frontier, head.root) and last == head.journal_no
        if not sound or self.indexed > head.size:
            yield Fault(FaultKind.HEAD_CHANGED, "head", head.size)
        if head.size < self.claims.size:
            detail = f"{self.claims.size} entries were signed"
            yield Fault(FaultKind.LOG_TRUNCATED, f"index {head.size}", head.size, detail)
