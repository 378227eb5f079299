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


@dataclass(slots=True)
class _Ticket:
    """Signatures of one caller that wait for a commit, and what became of them."""

    signed: Sequence[tuple[SignRequest, bytes]]
    kept: tuple[Kept, ...] | None = None
    failure: BaseException | None = None


class Ledger:
    """The table. Callers that come while a commit is being synced share the next one."""

    def __init__(self, path: Path, clock: Clock, probe: Probe) -> None:
        """Open or make the file with mode 0600 in a folder with mode 0700."""
        self._probe = probe
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        self._clock = clock
        self._queue: list[_Ticket] = []
        self._queue_lock, self._read_lock, self._lock = (threading.Lock() for _ in range(3))
        self._db = _open(path)
        self._db.execute(_TABLE)
        self._reader = _open(path)

    def find(self, request: SignRequest) -> Kept | None:
        """Return what was signed under the request's number and purpose."""
        with self._read_lock:
            return _find(self._reader, request)

    def keep(self, signed: Sequence[tuple[SignRequest, bytes]]) -> tuple[Kept, ...]:
        """Store signatures in one transaction; rows already there win and are returned instead.

        Durable when it returns. Raises sqlite3.Error, having stored nothing, when the disk is full.
        """
        ticket = _Ticket(signed)
        with self._queue_lock:
            self._queue.append(ticket)
        with self._lock:
            if ticket.kept is None and ticket.failure is None:
                with self._queue_lock:
                    taken, self._queue = self._queue, []
                self._commit(taken)
        if ticket.failure is not None:
            raise ticket.failure
        return ticket.kept or ()

    def close(self) -> None:
        """Close the file."""
        with self._lock, self._read_lock:
            self._db.close()
            self._reader.close()

    def _commit(self, taken: Sequence[_Ticket]) -> None:
        at = to_iso(self._clock.now())
        try:
            self._db.execute("BEGIN IMMEDIATE")
            answers = [
                tuple(self._keep(request, signature, at) for request, signature in ticket.signed)
                for ticket in taken
            ]
            with self._probe.durable("signer.answers"):
                self._db.execute("COMMIT")
        except BaseException as failure:  # noqa: BLE001 - handed to every caller that waits
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            for ticket in taken:
                ticket.failure = failure
            return
        for ticket, kept in zip(taken, answers, strict=True):
            ticket.kept = kept

    def _keep(self, request: SignRequest, signature: bytes, at: str) -> Kept:
        held = _find(self._db, request)
        if held:
            return held
        row = (request.number, request.purpose, request.key, request.digest, signature)
        self._db.execute(_KEEP, (*row, request.seal, request.approval, at))
        return Kept(request.key, request.digest, signature)


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    return db


def _find(db: sqlite3.Connection, request: SignRequest) -> Kept | None:
    row = db.execute(_FIND, (request.number, request.purpose)).fetchone()
    return Kept(*row) if row else None
