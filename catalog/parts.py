"""Parts of versions as local files, so that Polars can map them. Checked once, then kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from catalog.model import Part
from kernel.ports import Digest, Objects
from storage.failures import of_files


class PartCache:
    """A folder of Parquet files by digest; safe to delete, filled again from the object store."""

    def __init__(self, objects: Objects, folder: Path) -> None:
        self._objects = objects
        self._folder = folder

    def path(self, digest: str, suffix: str = ".parquet") -> Path:
        """Return a local file of an object, fetched and checked the first time."""
        kept = self.place(digest, suffix)
        if kept.exists():
            return kept
        with of_files("parts"):
            staged = self.staged(f"{kept.stem}.{os.getpid()}")
            with self._objects.local(Digest(digest)) as path:
                try:
                    staged.hardlink_to(path)
                except OSError:
                    shutil.copyfile(path, staged)
            staged.replace(kept)
        return kept

    def place(self, digest: str, suffix: str) -> Path:
        """Return where the local file of an object lies, or would lie."""
        return self._folder / f"{digest.partition(':')[2]}{suffix}"

    def staged(self, name: str) -> Path:
        """Return where a file is written before it gets its place, on the same disk."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._folder / f"{name}.tmp"

    def scan(self, parts: Sequence[Part]) -> pl.LazyFrame:
        """Return the rows of all parts, lazily."""
        return pl.scan_parquet([self.path(part.object) for part in parts])
