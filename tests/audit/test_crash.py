"""kill -9 before and after each durable write of the sequencer: nothing is lost, nothing doubled."""

from __future__ import annotations

import multiprocessing
import multiprocessing.process
import signal
from pathlib import Path

import pytest

from audit.check import check
from audit.sequencer import Sequencer
from audit.store import METADATA
from kernel.clock import SystemClock
from storage.database import open_database
from storage.files import FolderFiles
from storage.probe import NoProbe
from tests.audit import crash_child
from tests.audit.conftest import KEY, Signer, record

# A clean server process that forks: as fast as fork, without this process's threads and locks.
SPAWN = multiprocessing.get_context("forkserver")
SPAWN.set_forkserver_preload(["tests.audit.crash_child"])


def start(home: Path, kill: str = "") -> multiprocessing.process.BaseProcess:
    child = SPAWN.Process(target=crash_child.run, args=(home, kill))
    child.start()
    return child


def prepare(home: Path) -> None:
    home.mkdir()
    database = open_database(f"sqlite:///{home}/hub.db", SystemClock(), NoProbe())
    database.create(METADATA)
    database.close()


def recover(home: Path) -> None:
    """Check the state a crash left, let another process carry on, and check again."""
    database = open_database(f"sqlite:///{home}/hub.db", SystemClock(), NoProbe())
    files = FolderFiles(home / "log", NoProbe())

    def faults() -> list[str]:
        report = check(
            key=KEY, files=files, transactions=database.transactions, journal=database.journal
        )
        unsigned = report.signed_size == 0
        return [
            f.kind.value
            for f in report.faults
            if not (unsigned and f.kind.value == "checkpoint-missing")
        ]

    assert faults() == []
    database.leases.release("audit.sequencer", "child")
    sequencer = Sequencer(
        database.transactions,
        database.journal,
        database.leases,
        files,
        Signer(),
        KEY,
        SystemClock(),
        "next",
        0.0,
    )
    at = sequencer.run_once(force=True)
    assert at is not None
    record(database, at.size, 301 - at.size)
    done = sequencer.run_once(force=True)
    assert done is not None
    assert (done.size, done.signed) == (301, 301)
    report = check(
        key=KEY, files=files, transactions=database.transactions, journal=database.journal
    )
    assert report.ok, report.to_json()
    database.close()


WRITES = 17


def test_an_uninterrupted_run_has_the_writes_enumerated_below(tmp_path: Path) -> None:
    prepare(tmp_path / "h")
    child = start(tmp_path / "h")
    child.join(60)
    assert child.exitcode == 0
    assert int((tmp_path / "h" / "writes").read_text()) == WRITES
    recover(tmp_path / "h")


@pytest.mark.parametrize("number", range(1, WRITES + 1))
def test_a_kill_around_any_durable_write_is_survived(tmp_path: Path, number: int) -> None:
    children = []
    for moment in ("before", "after"):
        prepare(tmp_path / moment)
        children.append(start(tmp_path / moment, f"*#{number}:{moment}"))
    for child, moment in zip(children, ("before", "after"), strict=True):
        child.join(60)
        assert child.exitcode == -signal.SIGKILL
        recover(tmp_path / moment)
