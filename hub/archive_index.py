"""What was seen in sealed files, by their digests: made again from the files whenever it is lost.

Bytes of a digest never change, so that a file is looked at once. It lies in ``cache/archive.db``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kernel.clock import from_iso, to_iso

FILE = "cache/archive.db"
_VERSION = 1
_TABLE = """
CREATE TABLE IF NOT EXISTS seen (
    digest TEXT PRIMARY KEY,
    level TEXT NOT NULL,
    ends TEXT NOT NULL,
    keys TEXT NOT NULL
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """Level, end and kinds of keys of a file's proof; ``ends`` None: it has no sound seal."""

    level: str
    ends: datetime | None
    keys: tuple[str, ...]


class ArchiveIndex:
    """The table; one process and thread at a time, a second one waits for the first's commits."""

    def __init__(self, home: Path) -> None:
        """Open or make it; one of another version is thrown away."""
        path = home / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        if self._db.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
            self._db.execute("DROP TABLE IF EXISTS seen")
            self._db.execute(f"PRAGMA user_version = {_VERSION}")
        self._db.execute(_TABLE)

    def close(self) -> None:
        """Close it."""
        self._db.close()

    def get(self, digest: str) -> Seen | None:
        """Return what was seen of a file, or None."""
        row = self._db.execute(
            "SELECT level, ends, keys FROM seen WHERE digest = ?", (digest,)
        ).fetchone()
        if row is None:
            return None
        level, ends, keys = row
        return Seen(level, from_iso(ends) if ends else None, tuple(keys.split()))

    def put(self, digest: str, seen: Seen) -> None:
        """Keep what was seen."""
        ends = to_iso(seen.ends) if seen.ends else ""
        self._db.execute(
            "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)",
            (digest, seen.level, ends, " ".join(seen.keys)),
        )

    def forget(self, digests: Collection[str]) -> None:
        """Drop entries of files that are no originals any more."""
        self._db.executemany("DELETE FROM seen WHERE digest = ?", [(item,) for item in digests])
