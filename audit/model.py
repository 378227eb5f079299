"""What the room speaks of: checkpoints, entries, receipts, faults and reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from kernel.ids import JournalNo
from kernel.ports import Json


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree at one size: the body of a C2SP tlog-checkpoint."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """How far the journal is numbered: the compact range of the tree and the last row in it."""

    size: int
    frontier: tuple[bytes, ...]
    root: bytes
    journal_no: JournalNo


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it was signed and published; ``note`` is the whole signed note."""

    size: int
    root: bytes
    note: str
    at: str


@dataclass(frozen=True, slots=True)
class Numbered:
    """One leaf: its dense index, the journal row it stands for, and its hash."""

    index: int
    no: JournalNo
    leaf: bytes


class ReceiptState(StrEnum):
    """How far the proof of an entry has come."""

    PENDING = "pending"
    """Committed, not yet numbered."""
    NUMBERED = "numbered"
    """Has its index; a signed checkpoint over it follows within about a second."""
    PROVEN = "proven"
    """Carries an inclusion proof and the checkpoint it leads to."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a caller takes home about one journal entry."""

    no: JournalNo
    state: ReceiptState
    index: int | None = None
    leaf_hash: bytes = b""
    size: int = 0
    root: bytes = b""
    proof: tuple[bytes, ...] = ()
    checkpoint: str = ""
    """The signed note, empty unless the state is PROVEN."""


class FaultKind(StrEnum):
    """What was found wrong. The values are the codes of ``tongban audit check``."""

    ROW_CHANGED = "row-changed"
    ROW_MISSING = "row-missing"
    ROWS_SWAPPED = "rows-swapped"
    ROW_INSERTED = "row-inserted"
    INDEX_CHANGED = "index-changed"
    INDEX_MISSING = "index-missing"
    TILE_CHANGED = "tile-changed"
    TILE_MISSING = "tile-missing"
    TILES_SWAPPED = "tiles-swapped"
    FILE_UNKNOWN = "file-unknown"
    HEAD_CHANGED = "head-changed"
    CHECKPOINT_CHANGED = "checkpoint-changed"
    CHECKPOINT_MISSING = "checkpoint-missing"
    CHECKPOINT_FORKED = "checkpoint-forked"
    LOG_TRUNCATED = "log-truncated"
    ROOT_MISMATCH = "root-mismatch"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing found wrong. ``where`` names it: ``journal 17``, ``tile/0/003``, ``checkpoint``."""

    kind: FaultKind
    where: str
    index: int | None = None
    detail: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return the fault for the command line."""
        return {
            "kind": self.kind.value,
            "where": self.where,
            "index": self.index,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check. ``proven``: the entries hash to a root that the log's key signed."""

    origin: str
    size: int
    """Entries checked."""
    root: bytes
    signed_size: int
    """Size of the newest checkpoint that bears a valid signature."""
    waiting: int
    """Journal rows that have no index yet."""
    proven: bool
    checkpoints: int
    """Signed checkpoints whose root was recomputed."""
    faults: tuple[Fault, ...] = ()
    more_faults: int = 0
    """Faults beyond those listed."""
    notices: tuple[str, ...] = field(default_factory=tuple)

    @property
    def ok(self) -> bool:
        """Tell whether nothing was found and the entries are proven."""
        return self.proven and not self.faults

    def to_json(self) -> dict[str, Json]:
        """Return the report for the command line."""
        return {
            "ok": self.ok,
            "origin": self.origin,
            "size": self.size,
            "root": self.root.hex(),
            "signed_size": self.signed_size,
            "waiting": self.waiting,
            "proven": self.proven,
            "checkpoints": self.checkpoints,
            "faults": [fault.to_json() for fault in self.faults],
            "more_faults": self.more_faults,
            "notices": list(self.notices),
        }
