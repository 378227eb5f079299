from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.check import check
from audit.model import Report
from audit.note import LogKey
from audit.receipts import Receipts
from audit.sequencer import Sequencer
from audit.store import METADATA
from kernel.actors import system
from kernel.clock import FixedClock
from kernel.ports import Event, Tx
from storage.database import Database
from storage.files import FolderFiles
from storage.probe import NoProbe

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = LogKey("示例市.example/log", PRIVATE.public_key().public_bytes_raw())


class Signer:
    def sign(self, message: bytes) -> bytes:
        return PRIVATE.sign(message)


def record(database: Database, first: int, count: int) -> list[int]:
    """Journal ``count`` entries with subjects ``s<first>`` and on, in one transaction."""

    def work(tx: Tx) -> None:
        for number in range(first, first + count):
            tx.record(Event("toy.done", f"s{number}", system("toy"), {"n": number}))

    return [int(no) for no in database.transactions.write(work).journal]


@dataclass
class Log:
    """A log under test with everything around it."""

    database: Database
    files: FolderFiles
    folder: Path
    clock: FixedClock

    def sequencer(self, owner: str = "a", *, every: float = 0.0) -> Sequencer:
        return Sequencer(
            self.database.transactions,
            self.database.journal,
            self.database.leases,
            self.files,
            Signer(),
            KEY,
            self.clock,
            owner,
            every,
        )

    def grow(self, *sizes: int) -> None:
        """Record up to each size and sign a checkpoint there."""
        sequencer = self.sequencer("grower")
        for size in sizes:
            at = sequencer.run_once(force=True)
            assert at is not None
            record(self.database, at.size, size - at.size)
            sequencer.run_once(force=True)
        sequencer.close()

    def receipts(self) -> Receipts:
        return Receipts(self.database.transactions, self.files)

    def check(self, *known: str) -> Report:
        return check(
            key=KEY,
            files=self.files,
            transactions=self.database.transactions,
            journal=self.database.journal,
            known=known,
        )

    def check_offline(self, *known: str) -> Report:
        return check(key=KEY, files=self.files, known=known)


@pytest.fixture
def log(make_database: Callable[..., Database], tmp_path: Path, clock: FixedClock) -> Log:
    folder = tmp_path / "log"
    return Log(make_database(METADATA), FolderFiles(folder, NoProbe()), folder, clock)
