"""Tables of the room: the index of the log, its head, and the checkpoints it signed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    bindparam,
    func,
    select,
)
from sqlalchemy.exc import IntegrityError

from audit.errors import Code
from audit.model import Head, Numbered, Signed
from audit.tree import EMPTY_ROOT, HASH_BYTES, CompactRange
from kernel.errors import TongbanError
from kernel.ids import JournalNo
from kernel.ports import Tx
from storage.cells import number, raw
from storage.leases import epoch_of
from storage.transactions import rows
from storage.writing import insert_all, insert_if_absent, upsert

__all__ = ["METADATA", "Signed", "epoch_of"]

METADATA = MetaData()

_NUMBER = BigInteger().with_variant(Integer, "sqlite")

ENTRIES = Table(
    "audit_entry",
    METADATA,
    Column("idx", _NUMBER, primary_key=True, autoincrement=False),
    Column("no", _NUMBER, nullable=False, unique=True),
    Column("leaf", LargeBinary, nullable=False),
)
"""Leaf ``idx`` of the tree stands for journal row ``no``."""

HEADS = Table(
    "audit_head",
    METADATA,
    Column("origin", Text, primary_key=True),
    Column("size", _NUMBER, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("journal_no", _NUMBER, nullable=False),
)

CHECKPOINTS = Table(
    "audit_checkpoint",
    METADATA,
    Column("size", _NUMBER, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Text, nullable=False),
)
"""What was signed. The key decides between two checkpoints of one size: there is never a second."""


# Built once, because the sequencer and the receipts run them many times a second.
_HEAD = select(HEADS).where(HEADS.c.origin == bindparam("origin"))
_ENTRY_OF = select(ENTRIES).where(ENTRIES.c.no == bindparam("no"))
_ENTRIES_OF = select(ENTRIES).where(ENTRIES.c.no.in_(bindparam("numbers", expanding=True)))
_LATEST = select(CHECKPOINTS).order_by(CHECKPOINTS.c.size.desc()).limit(1)


def head(tx: Tx, origin: str) -> Head:
    """Return how far the journal is numbered; the empty tree before the first entry."""
    row = rows(tx).execute(_HEAD, {"origin": origin}).first()
    if row is None:
        return Head(0, (), EMPTY_ROOT, JournalNo(0))
    joined = raw(row.frontier)
    frontier = tuple(joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES))
    last = JournalNo(number(row.journal_no))
    return Head(number(row.size), frontier, raw(row.root), last)


def append(tx: Tx, origin: str, entries: list[Numbered], tree: CompactRange) -> None:
    """Add leaves and move the head to ``tree``, the range after them.

    Raises ``log-damaged`` when an index or a journal number is in the log already: then the head
    was put back.
    """
    values = [{"idx": one.index, "no": one.no, "leaf": one.leaf} for one in entries]
    try:
        insert_all(tx, ENTRIES, values)
    except IntegrityError as error:
        raise TongbanError(Code.LOG_DAMAGED, what="head") from error
    upsert(
        tx,
        HEADS,
        {
            "origin": origin,
            "size": tree.size,
            "frontier": b"".join(tree.hashes),
            "root": tree.root(),
            "journal_no": entries[-1].no,
        },
    )


def entries(tx: Tx, start: int, limit: int) -> list[Numbered]:
    """Return at most ``limit`` leaves from index ``start``, in order."""
    query = select(ENTRIES).where(ENTRIES.c.idx >= start).order_by(ENTRIES.c.idx).limit(limit)
    return [_numbered(row) for row in rows(tx).execute(query)]


def entry_of(tx: Tx, no: int) -> Numbered | None:
    """Return the leaf of a journal row, None while it has no index."""
    row = rows(tx).execute(_ENTRY_OF, {"no": no}).first()
    return None if row is None else _numbered(row)


def entries_of(tx: Tx, numbers: Collection[int]) -> list[Numbered]:
    """Return the leaves of some journal rows, at most a few hundred; those without are left out."""
    found = rows(tx).execute(_ENTRIES_OF, {"numbers": list(numbers)})
    return [_numbered(row) for row in found]


def numbers(tx: Tx, no: int, limit: int) -> list[int]:
    """Return at most ``limit`` journal numbers in the log larger than ``no``, in order."""
    query = select(ENTRIES.c.no).where(ENTRIES.c.no > no).order_by(ENTRIES.c.no).limit(limit)
    return [number(value) for value in rows(tx).execute(query).scalars()]


def extent(tx: Tx) -> tuple[int, int]:
    """Return how many leaves the index has and its largest index, -1 when it has none."""
    query = select(func.count(), func.max(ENTRIES.c.idx)).select_from(ENTRIES)
    count, largest = rows(tx).execute(query).one()
    return int(count), -1 if largest is None else number(largest)


def sign(tx: Tx, checkpoint: Signed) -> bool:
    """Keep a checkpoint; False when its size was signed before."""
    values = {
        "size": checkpoint.size,
        "root": checkpoint.root,
        "note": checkpoint.note,
        "at": checkpoint.at,
    }
    return insert_if_absent(tx, CHECKPOINTS, values)


def latest(tx: Tx) -> Signed | None:
    """Return the largest signed checkpoint."""
    row = rows(tx).execute(_LATEST).first()
    return None if row is None else _signed(row)


def checkpoints(tx: Tx, above: int, limit: int) -> list[Signed]:
    """Return at most ``limit`` checkpoints with sizes larger than ``above``, in order."""
    query = select(CHECKPOINTS).where(CHECKPOINTS.c.size > above).order_by(CHECKPOINTS.c.size)
    return [_signed(row) for row in rows(tx).execute(query.limit(limit))]


def _numbered(row: Row[Any]) -> Numbered:
    return Numbered(row.idx, JournalNo(number(row.no)), raw(row.leaf))


def _signed(row: Row[Any]) -> Signed:
    return Signed(row.size, raw(row.root), str(row.note), str(row.at))
