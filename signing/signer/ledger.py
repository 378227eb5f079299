"""What has been signed: number and purpose to digest and signature, durable, in one SQLite file.

The row is committed before the answer leaves. A caller that lost the answer asks again and gets the
same signature; a caller with another digest is refused.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel.clock import Clock, to_iso
from kernel.ports import Probe
from signing.ports import SignRequest

FILE = "signer/answers.db"

_TABLE = """
CREATE TABLE IF NOT EXISTS signer_answers (
    number TEXT NOT NULL,
    purpose TEXT NOT NULL,
    key TEXT NOT NULL,
    digest BLOB NOT NULL,
    signature BLOB NOT NULL,
    seal TEXT NOT NULL,
    approval TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (number, purpose)
) WITHOUT ROWID
"""
_FIND = "SELECT key, digest, signature FROM signer_answers WHERE number = ? AND purpose = ?"
_KEEP = "INSERT INTO signer_answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands in the ledger for a number: the key, the digest, the signature."""

    key: str
    digest: bytes
    signature: bytes

    def answers(self, request: SignRequest) -> bool:
        """Tell whether this row belongs to exactly this request."""
        return self.key == request.key and self.digest == request.digest


class Ledger:
    """The table. Threads share one connection behind a lock; every keep is one synced commit."""

    def __init__(self, path: Path, clock: Clock, probe: Probe) -> None:
        """Open or make the file with mode 0600 in a folder with mode 0700."""
        self._probe = probe
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        self._clock = clock
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(_TABLE)

    def find(self, request: SignRequest) -> Kept | None:
        """Return what was signed under the request's number and purpose."""
        with self._lock:
            return self._find(request)

    def keep(self, signed: Sequence[tuple[SignRequest, bytes]]) -> tuple[Kept, ...]:
        """Store signatures in one transaction; rows already there win and are returned instead.

        Durable when it returns. Raises sqlite3.Error, having stored nothing, when the disk is full.
        """
        at = to_iso(self._clock.now())
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                kept = tuple(self._keep(request, signature, at) for request, signature in signed)
                with self._probe.durable("signer.answers"):
                    self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        return kept

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _keep(self, request: SignRequest, signature: bytes, at: str) -> Kept:
        held = self._find(request)
        if held:
            return held
        row = (request.number, request.purpose, request.key, request.digest, signature)
        self._db.execute(_KEEP, (*row, request.seal, request.approval, at))
        return Kept(request.key, request.digest, signature)

    def _find(self, request: SignRequest) -> Kept | None:
        row = self._db.execute(_FIND, (request.number, request.purpose)).fetchone()
        return Kept(*row) if row else None
