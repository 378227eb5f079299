"""The log over a real PostgreSQL, where numbers commit out of order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from audit.store import METADATA
from kernel.actors import system
from kernel.clock import FixedClock
from kernel.ports import Event, Tx
from storage.database import open_database
from storage.files import FolderFiles
from storage.probe import NoProbe
from tests.audit.conftest import Log

pytestmark = pytest.mark.services


@pytest.fixture
def server_log(postgres_url: str, tmp_path: Path, clock: FixedClock) -> Iterator[Log]:
    database = open_database(postgres_url, clock, NoProbe())
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.create(METADATA)
    yield Log(database, FolderFiles(tmp_path / "log", NoProbe()), tmp_path / "log", clock)
    database.close()


def work(number: int) -> Callable[[Tx], None]:
    def run(tx: Tx) -> None:
        tx.record(Event("toy.done", f"s{number}", system("toy")))
        if number % 9 == 0:
            raise ValueError("fails after its number was taken")

    return run


def test_racing_and_failing_writers_leave_a_log_without_holes(server_log: Log) -> None:
    stop = threading.Event()
    sequencer = server_log.sequencer(every=0.05)
    server = threading.Thread(target=sequencer.serve, args=(stop,))
    server.start()
    futures = [server_log.database.transactions.submit(work(number)) for number in range(600)]
    kept = sum(future.exception(60) is None for future in futures)
    stop.set()
    server.join()
    server_log.sequencer("last").run_once(force=True)
    report = server_log.check()
    assert report.ok, report.to_json()
    assert (report.size, report.waiting) == (kept, 0)
    assert server_log.check_offline().ok


def test_a_changed_row_is_named(server_log: Log) -> None:
    server_log.grow(300)
    with server_log.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE storage_journal DISABLE TRIGGER ALL"))
        connection.execute(text("UPDATE storage_journal SET subject = 'x' WHERE no = 5"))
        connection.execute(text("UPDATE audit_entry SET leaf = '' WHERE idx = 9"))
    faults = {(fault.kind.value, fault.where) for fault in server_log.check().faults}
    assert faults == {("row-changed", "journal 5"), ("index-changed", "index 9")}
