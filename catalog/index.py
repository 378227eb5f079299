"""One index file: the hashes of a column's values in order, and the row of each.

A 64-byte header, then ``entries`` little-endian 64-bit hashes in ascending order, then the row of
each as 32 bits. The hash is BLAKE2b under the hub's key (RFC 7693), so that the file says nothing
to whoever has it alone. Null cells have no entry. Files are mapped, never loaded.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import polars as pl

from catalog.errors import Code
from kernel.errors import TongbanError

_MAGIC = b"TBINDEX1"
_HEADER = struct.Struct("<8s16sQQ24x")
_AT_ONCE = 2_000_000
"""Entries sorted in memory together; with more, the range of hashes is cut."""
_HASH, _ROW = np.dtype("<u8"), np.dtype("<u4")


@dataclass(frozen=True, slots=True)
class Column:
    """What an index is of: a column of some parts, in order, under a key.

    Another key, column or list of parts makes another ``binding``, and a file made for it is not
    taken for this one's.
    """

    name: str
    parts: tuple[tuple[str, int], ...]
    """Digest and rows of each."""
    key: bytes

    @property
    def rows(self) -> int:
        """Rows of all parts together."""
        return sum(rows for _, rows in self.parts)

    @property
    def binding(self) -> bytes:
        """Sixteen bytes that stand for all of it."""
        lines = [self.name, *(f"{digest} {rows}" for digest, rows in self.parts)]
        return blake2b("\n".join(lines).encode(), digest_size=16, key=self.key).digest()


@dataclass(frozen=True, slots=True)
class Index:
    """An open index file."""

    hashes: npt.NDArray[np.uint64]
    rows: npt.NDArray[np.uint32]
    key: bytes

    def find(self, values: Iterable[str]) -> npt.NDArray[np.int64]:
        """Return the rows that may hold one of the values, ascending, each once.

        Two values may share a hash: the caller compares the cells.
        """
        wanted = np.unique(np.frombuffer(_hashed(values, self.key), _HASH))
        first = np.searchsorted(self.hashes, wanted, "left")
        last = np.searchsorted(self.hashes, wanted, "right")
        hit = np.flatnonzero(last > first)
        pieces = [self.rows[first[at] : last[at]] for at in hit]
        if not pieces:
            return np.empty(0, np.int64)
        return np.unique(np.concatenate(pieces)).astype(np.int64)


def load(path: Path, column: Column) -> Index | None:
    """Map a file; None where it is not one of this column, or was cut short."""
    with path.open("rb") as file:
        head = file.read(_HEADER.size)
        if len(head) < _HEADER.size:
            return None
        magic, binding, entries, rows = _HEADER.unpack(head)
        size = path.stat().st_size
        if (magic, binding, rows, size) != (_MAGIC, column.binding, column.rows, _size(entries)):
            return None
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    hashes = np.frombuffer(data, _HASH, entries, _HEADER.size)
    at = _HEADER.size + entries * _HASH.itemsize
    return Index(hashes, np.frombuffer(data, _ROW, entries, at), column.key)


def build(column: Column, files: Sequence[Path], out: Path) -> None:
    """Write the index of Parquet ``files``, part by part, in memory that does not grow with them.

    Raises TongbanError ``counts-differ`` when a file has another number of rows than the column
    says.
    """
    with _spilled(out) as (hashes, numbers):
        entries = _collect(column, files, hashes, numbers)
        with out.open("wb") as file:
            file.write(_HEADER.pack(_MAGIC, column.binding, entries, column.rows))
            file.truncate(_size(entries))
        if entries:
            _sort(entries, hashes, numbers, out)


def _size(entries: int) -> int:
    return _HEADER.size + entries * (_HASH.itemsize + _ROW.itemsize)


def _hashed(values: Iterable[str], key: bytes) -> bytes:
    return b"".join(
        [blake2b(value.encode(), digest_size=_HASH.itemsize, key=key).digest() for value in values]
    )


@contextmanager
def _spilled(out: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Open two files for the entries in the order of the rows; they go when it is done."""
    paths = [out.with_name(f"{out.name}.{name}") for name in ("hashes", "rows")]
    try:
        with paths[0].open("w+b") as hashes, paths[1].open("w+b") as numbers:
            yield hashes, numbers
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


def _collect(column: Column, files: Sequence[Path], hashes: BinaryIO, numbers: BinaryIO) -> int:
    """Write hash and row of every cell that is not null; returns how many."""
    start = entries = 0
    for path, (_, rows) in zip(files, column.parts, strict=True):
        cells = pl.read_parquet(path, columns=[column.name])[column.name]
        if cells.len() != rows:
            raise TongbanError(Code.COUNTS_DIFFER, rows_in=rows, out=cells.len())
        filled = cells.is_not_null().arg_true().to_numpy()
        hashes.write(_hashed(cells.drop_nulls().to_list(), column.key))
        numbers.write((filled + start).astype(_ROW).tobytes())
        start += rows
        entries += len(filled)
    hashes.flush()
    numbers.flush()
    return entries


def _sort(entries: int, hashes: BinaryIO, numbers: BinaryIO, out: Path) -> None:
    """Write the entries in order of their hashes, one range of hashes at a time."""
    source: Any = np.memmap(hashes, _HASH, "r", shape=entries)
    rows: Any = np.memmap(numbers, _ROW, "r", shape=entries)
    at = _HEADER.size
    target = np.memmap(out, _HASH, "r+", at, entries)
    ordered = np.memmap(out, _ROW, "r+", at + entries * _HASH.itemsize, entries)
    cuts = -(-entries // _AT_ONCE)
    done = 0
    for cut in range(cuts):
        least, below = (cut << 64) // cuts, ((cut + 1) << 64) // cuts
        chosen = _between(source, least, below - 1)
        keys = source[chosen]
        order = np.argsort(keys, kind="stable")
        stop = done + len(chosen)
        target[done:stop] = keys[order]
        ordered[done:stop] = rows[chosen][order]
        done = stop
    target.flush()
    ordered.flush()


def _between(source: npt.NDArray[np.uint64], least: int, most: int) -> npt.NDArray[np.int64]:
    """Return the places of hashes in a range, looking at one stretch after the other."""
    low, high = np.uint64(least), np.uint64(most)
    found = []
    for start in range(0, len(source), _AT_ONCE):
        stretch = source[start : start + _AT_ONCE]
        found.append(np.flatnonzero((stretch >= low) & (stretch <= high)) + start)
    return np.concatenate(found)
