"""What the child process of the crash tests does: two growths, two checkpoints."""

from __future__ import annotations

from pathlib import Path

from audit.sequencer import Sequencer
from kernel.clock import SystemClock
from storage.database import open_database
from storage.files import FolderFiles
from storage.probe import RecordingProbe, parse
from tests.audit.conftest import KEY, Signer, record


def run(home: Path, kill: str) -> None:
    """Grow the log below ``home``; without ``kill`` leave the number of durable writes there."""
    probe = parse(kill) if kill else RecordingProbe()
    database = open_database(f"sqlite:///{home}/hub.db", SystemClock(), probe)
    files = FolderFiles(home / "log", probe)
    sequencer = Sequencer(
        database.transactions,
        database.journal,
        database.leases,
        files,
        Signer(),
        KEY,
        SystemClock(),
        "child",
        0.0,
    )
    for size in (200, 300):
        at = sequencer.run_once(force=True)
        assert at is not None
        record(database, at.size, max(0, size - at.size))
        sequencer.run_once(force=True)
    if isinstance(probe, RecordingProbe):
        (home / "writes").write_text(str(len(probe.names)))
