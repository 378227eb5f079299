"""Look-up indexes of versions: made when a version is published, found again, renewed when lost.

An index is derived data. It is an object like any other, named in ``catalog_lookup``; one that is
missing, damaged or made for something else is made anew from the parts, and until then the rows
are searched one by one. Nothing here can change what a look-up finds, only how long it takes.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

from catalog import index, store
from catalog.index import Column, Index
from catalog.model import Part
from catalog.parts import PartCache
from catalog.ports import Asked
from kernel.errors import TongbanError
from kernel.ports import Digest, Objects, Transactions
from storage.failures import of_files
from storage.objects.names import name_of_stream

_LOG = logging.getLogger("tongban.catalog")
_SUFFIX = ".index"
_HELD = 256
_AGAIN = 60.0
"""Seconds until an index that could not be made is tried again."""


class Lookups:
    """Indexes of one hub. ``key`` is its own for this purpose; any process of the hub has it."""

    def __init__(
        self,
        *,
        transactions: Transactions,
        objects: Objects,
        cache: PartCache,
        key: bytes,
        asked: Asked | None = None,
    ) -> None:
        self._transactions = transactions
        self._objects = objects
        self._cache = cache
        self._key = key[:64]
        self._asked = asked
        self._held: dict[tuple[str, str], Index] = {}
        self._failed: dict[tuple[str, str], float] = {}
        self._busy: set[tuple[str, str]] = set()
        self._lock = Lock()

    def columns(
        self, resource: str, key: Sequence[str], known: Collection[str], before: str | None
    ) -> tuple[str, ...]:
        """Return which columns of a new version get an index, of those ``known``.

        The key of the source, what certificate types and journeys look up, and what was looked up
        in the version before.
        """
        asked = self._asked.columns(resource) if self._asked else ()
        used: Iterable[str] = ()
        if before is not None:
            used = self._transactions.read(lambda tx: store.lookups(tx, before))
        return tuple(name for name in dict.fromkeys((*key, *asked, *used)) if name in known)

    def build(self, parts: Sequence[Part], columns: Iterable[str]) -> dict[str, str]:
        """Make the indexes of parts that are in the object store; returns column to digest.

        Raises TongbanError ``disk-full`` or what the object store raises.
        """
        made: dict[str, str] = {}
        for name in columns:
            path = self._made(self._column(parts, name))
            made[name] = self._objects.put_file(path)
        return made

    def open(self, version: str, parts: Sequence[Part], column: str) -> Index | None:
        """Return the index of a column, made if need be; None where there is none to be had now.

        While one caller makes it, the others get None and search the rows.
        """
        name = (version, column)
        with self._lock:
            if name in self._held:
                return self._held[name]
            if name in self._busy or time.monotonic() < self._failed.get(name, 0.0):
                return None
            self._busy.add(name)
        found: Index | None = None
        try:
            found = self._opened(version, parts, column)
        finally:
            with self._lock:
                self._busy.discard(name)
                if found is None:
                    self._failed[name] = time.monotonic() + _AGAIN
                else:
                    self._held[name] = found
                    while len(self._held) > _HELD:
                        del self._held[next(iter(self._held))]
        return found

    def distrust(self, version: str, column: str) -> None:
        """Put an index aside that named rows which do not hold the value."""
        _LOG.warning("index of %s.%s named other rows than it should", version, column)
        with self._lock:
            self._held.pop((version, column), None)
            self._failed[version, column] = time.monotonic() + _AGAIN

    def _opened(self, version: str, parts: Sequence[Part], column: str) -> Index | None:
        wanted = self._column(parts, column)
        digest = self._transactions.read(lambda tx: store.lookups(tx, version)).get(column)
        try:
            found = self._stored(digest, wanted) if digest else None
        except (TongbanError, OSError) as error:
            found = None
            _LOG.warning("index of %s.%s: %s", version, column, _reason(error))
        if found is not None:
            return found
        if digest:
            _LOG.warning("index of %s.%s is lost or damaged and made anew", version, column)
        try:
            return self._renewed(version, wanted)
        except (TongbanError, OSError) as error:
            _LOG.warning("index of %s.%s cannot be made: %s", version, column, _reason(error))
            return None

    def _stored(self, digest: str, column: Column) -> Index | None:
        """Open the local copy after comparing it with its name, fetched once more if it differs."""
        for _ in range(2):
            path = self._cache.path(digest, _SUFFIX)
            with path.open("rb") as file:
                same = name_of_stream(file) == digest
            if same:
                return index.load(path, column)
            path.unlink()
        return None

    def _renewed(self, version: str, column: Column) -> Index | None:
        path = self._made(column)
        with suppress(TongbanError):  # of use to other machines; this one has its own copy
            digest = self._objects.put_file(path)
            self._transactions.housekeep(
                lambda tx: store.put_lookups(tx, version, {column.name: digest})
            )
        return index.load(path, column)

    def _made(self, column: Column) -> Path:
        """Build a file and give it its place in the cache."""
        files = [self._cache.path(digest) for digest, _ in column.parts]
        staged = self._cache.staged(f"{column.binding.hex()}.{os.getpid()}")
        with of_files("parts"):
            try:
                index.build(column, files, staged)
                with staged.open("rb") as file:
                    digest = name_of_stream(file)
                kept = self._cache.place(digest, _SUFFIX)
                staged.replace(kept)
            finally:
                staged.unlink(missing_ok=True)
        return kept

    def _column(self, parts: Sequence[Part], name: str) -> Column:
        return Column(name, tuple((Digest(part.object), part.rows) for part in parts), self._key)


def _reason(error: Exception) -> str:
    """Say what went wrong without a path or a value."""
    return error.code if isinstance(error, TongbanError) else type(error).__name__
