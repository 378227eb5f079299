"""Rows of published versions: look-ups for certificates and intake, references for rules.

Reads the Parquet parts of a version lazily; nothing here is shown to people, so nothing is masked.
A look-up takes the rows that an index names and compares their cells; without an index, or where
the index names too many places, it compares the cells of all rows.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from catalog import store
from catalog.blocks import FILE, ROW
from catalog.errors import Code
from catalog.lookups import Lookups
from catalog.model import Part, Record
from catalog.parts import PartCache
from kernel.errors import TongbanError
from kernel.ids import VersionId
from kernel.ports import Digest, Objects, Transactions

_HELD = 64
_BATCH = 20_000
_NEAR = 1024
"""Rows between two hits that are rather read than stepped over; half a row group."""
_FEW = 16
"""Places that are always read one by one."""
_SPREAD = 16_384
"""Rows of a version for each further place: reading one costs as much as searching so many."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A version ready to be read. ``places`` numbers the files of its delivery from 1."""

    id: VersionId
    frame: pl.LazyFrame | None
    columns: tuple[str, ...]
    places: dict[str, int]
    manifest: dict[str, Any]
    parts: tuple[Part, ...] = ()
    frames: tuple[pl.LazyFrame, ...] = ()
    """The parts one by one."""

    def take(self, rows: npt.NDArray[np.int64]) -> pl.DataFrame | None:
        """Return rows by their numbers (ascending, from 0); None where they lie too far apart."""
        stops = np.cumsum([part.rows for part in self.parts])
        owner = np.searchsorted(stops, rows, "right")
        breaks = np.flatnonzero((np.diff(rows) > _NEAR) | (np.diff(owner) > 0)) + 1
        if len(breaks) >= _FEW + stops[-1] // _SPREAD:
            return None
        found = []
        for run in np.split(rows, breaks):
            part = int(np.searchsorted(stops, run[0], "right"))
            near = run - (stops[part] - self.parts[part].rows)
            length = int(near[-1] - near[0]) + 1
            frame = self.frames[part].slice(int(near[0]), length).collect()
            found.append(frame[near - near[0]])
        taken: pl.DataFrame = pl.concat(found)
        return taken


class Rows:
    """Implements ``catalog.ports.Lookup`` and ``quality.ports.References``."""

    def __init__(
        self,
        transactions: Transactions,
        objects: Objects,
        cache: PartCache,
        lookups: Lookups | None = None,
    ) -> None:
        self._transactions = transactions
        self._objects = objects
        self._cache = cache
        self._lookups = lookups
        self._held: OrderedDict[str, Opened] = OrderedDict()
        self._lock = Lock()

    def lookup(self, resource: str, column: str, values: Sequence[str]) -> list[Record]:
        """Return the rows of the current version whose ``column`` is one of ``values``.

        In the order of the source file. Empty while nothing is published. Raises TongbanError
        ``column-unknown``.
        """
        version = self._current(resource)
        wanted = [value for value in dict.fromkeys(values) if _is_text(value)]
        if version is None or version.frame is None or not wanted:
            return []
        self._known(version, resource, column)
        same = pl.col(column).is_in(wanted)
        found = self._indexed(version, column, wanted, same)
        if found is None:
            found = version.frame.filter(same).collect()
        return list(_records(version, found))

    def lookup_many(
        self, resource: str, column: str, values: Sequence[str]
    ) -> dict[str, list[Record]]:
        """Return the rows for each value in one pass; a value without rows has an empty list."""
        found: dict[str, list[Record]] = {value: [] for value in values}
        for record in self.lookup(resource, column, list(found)):
            found[record.values[column]].append(record)
        return found

    def scan(self, resource: str) -> Iterator[Record]:
        """Yield every row of the current version, in the order of the source file."""
        version = self._current(resource)
        if version is None or version.frame is None:
            return
        for batch in version.frame.collect_batches(chunk_size=_BATCH, maintain_order=True):
            yield from _records(version, batch)

    def record(self, version_id: str, row_key: str) -> Record | None:
        """Return one row of any version by its place in the source, as lineage names it."""
        version = self.opened(version_id)
        place, _, row = row_key.partition(":")
        names = {str(number): name for name, number in version.places.items()}
        if version.frame is None or place not in names or not row.isdigit():
            return None
        here = (pl.col(FILE) == names[place]) & (pl.col(ROW) == int(row))
        return next(_records(version, version.frame.filter(here).collect()), None)

    def has(self, resource: str, column: str, values: Collection[str]) -> set[str] | None:
        """Return those of ``values`` in the current version; see ``quality.ports.References``."""
        version = self._current(resource)
        if version is None:
            return None
        if version.frame is None or not values:
            return set()
        self._known(version, resource, column)
        chosen = version.frame.select(column).filter(pl.col(column).is_in(list(values)))
        return set(chosen.unique().collect()[column].to_list())

    def opened(self, version_id: str) -> Opened:
        """Open a version and keep it open; raises TongbanError ``version-unknown``."""
        with self._lock:
            if version_id in self._held:
                self._held.move_to_end(version_id)
                return self._held[version_id]
        version = self._open(version_id)
        with self._lock:
            self._held[version_id] = version
            while len(self._held) > _HELD:
                self._held.popitem(last=False)
        return version

    def _indexed(
        self, version: Opened, column: str, values: Sequence[str], same: pl.Expr
    ) -> pl.DataFrame | None:
        """Return the rows that the index names; None where all rows must be searched instead."""
        lookups = self._lookups
        index = lookups.open(version.id, version.parts, column) if lookups else None
        if lookups is None or index is None:
            return None
        rows = index.find(values)
        if not len(rows):
            return pl.DataFrame()
        taken = version.take(rows)
        if taken is None:
            return None
        found = taken.filter(same)
        if found.height < taken.height:  # two values with one hash, which nobody has seen yet
            lookups.distrust(version.id, column)
            return None
        return found

    def _open(self, version_id: str) -> Opened:
        found = self._transactions.read(lambda tx: store.versions(tx, only=version_id))
        if not found:
            raise TongbanError(Code.VERSION_UNKNOWN, version=version_id)
        parts = self._transactions.read(lambda tx: store.parts(tx, version_id))
        manifest = json.loads(self._objects.get(Digest(found[0].manifest)))
        files = manifest["delivery"]["files"]
        places = {file["name"]: number for number, file in enumerate(files, 1)}
        frame = self._cache.scan(parts) if parts else None
        names = frame.collect_schema().names() if frame is not None else []
        columns = tuple(name for name in names if name not in {FILE, ROW})
        frames = tuple(self._cache.scan([part]) for part in parts)
        return Opened(VersionId(version_id), frame, columns, places, manifest, tuple(parts), frames)

    def _current(self, resource: str) -> Opened | None:
        version = self._transactions.read(lambda tx: store.current(tx, resource))
        return self.opened(version) if version is not None else None

    @staticmethod
    def _known(version: Opened, resource: str, column: str) -> None:
        if column not in version.columns:
            raise TongbanError(Code.COLUMN_UNKNOWN, resource=resource, column=column)


def _is_text(value: str) -> bool:
    """Tell whether a value can stand in a cell: half a character of UTF-16 (from JSON) cannot."""
    return value.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in value)


def _records(version: Opened, frame: pl.DataFrame) -> Iterator[Record]:
    for row in frame.iter_rows(named=True):
        key = f"{version.places[row[FILE]]}:{row[ROW]}"
        values = {name: "" if row[name] is None else str(row[name]) for name in version.columns}
        yield Record(version.id, key, values)
