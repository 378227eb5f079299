"""Several processes, killed processes, full disks: what only shows from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.clock import FixedClock
from kernel.errors import TongbanError
from storage.database import Database, open_database
from storage.probe import KillProbe, NoProbe, RecordingProbe, from_environment, parse

CHILD = """
import sys
from kernel.actors import system
from kernel.clock import SystemClock
from kernel.ports import Event
from storage.database import open_database
db = open_database(sys.argv[1], SystemClock())
db.create()
name, count = sys.argv[2], int(sys.argv[3])
for n in range(count):
    def work(tx):
        tx.record(Event("toy.counted", f"{name}-{n}", system(name)))
        tx.record(Event("toy.counted-too", f"{name}-{n}", system(name)))
    db.transactions.write(work)
    print(n, flush=True)
db.close()
"""


def start(url: str, name: str, count: int, kill: str = "") -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TONGBAN_KILL": kill}
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, url, name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def test_four_processes_write_one_file_and_lose_nothing(tmp_path: Path, clock: FixedClock) -> None:
    url = f"sqlite:///{tmp_path}/hub.db"
    children = [start(url, f"p{i}", 25) for i in range(4)]
    for child in children:
        child.communicate(timeout=60)
    assert [child.returncode for child in children] == [0] * 4
    db = open_database(url, clock, NoProbe())
    found = db.transactions.read(lambda tx: db.journal.after(tx, 0, 1000))
    assert [row.no for row in found] == list(range(1, 201))
    assert len({(row.kind, row.subject) for row in found}) == 200
    db.close()


@pytest.mark.parametrize(("moment", "kept"), [("before", 2), ("after", 3)])
def test_a_killed_process_keeps_whole_transactions_only(
    tmp_path: Path, clock: FixedClock, moment: str, kept: int
) -> None:
    url = f"sqlite:///{tmp_path}/hub.db"
    child = start(url, "p", 9, f"storage.commit#3:{moment}")
    said, _ = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL
    assert said.split() == ["0", "1"]
    db = open_database(url, clock, NoProbe())
    found = db.transactions.read(lambda tx: db.journal.after(tx, 0, 1000))
    assert len(found) == 2 * kept
    db.close()


def test_a_full_disk_fails_the_write_and_the_database_lives_on(
    make_database: Callable[..., Database],
) -> None:
    from kernel.actors import system
    from kernel.ports import Event, Tx

    db = make_database()

    def work(tx: Tx) -> None:
        for n in range(50):
            tx.record(Event("toy.big", str(n), system("t"), {"fill": "x" * 20_000}))

    def limit(pages: int) -> None:
        with db.engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    limit(20)
    with pytest.raises(TongbanError, match="disk-full"):
        db.transactions.write(work)
    assert db.transactions.read(lambda tx: db.journal.after(tx, 0, 10)) == []
    limit(1_000_000)
    db.transactions.write(work)
    assert len(db.transactions.read(lambda tx: db.journal.after(tx, 0, 100))) == 50


def test_an_error_text_carries_no_values(make_database: Callable[..., Database]) -> None:
    from sqlalchemy import exc, text

    from storage.tx import rows

    db = make_database()
    with pytest.raises(exc.DBAPIError) as caught:
        db.transactions.housekeep(
            lambda tx: rows(tx).execute(
                text("INSERT INTO storage_lease (name) VALUES (:v)"), {"v": "测试某某"}
            )
        )
    assert "测试某某" not in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_an_unsupported_address_is_refused(url: str, clock: FixedClock) -> None:
    with pytest.raises(TongbanError, match="database-url"):
        open_database(url, clock)


def test_a_file_that_is_no_database_says_so(tmp_path: Path, clock: FixedClock) -> None:
    (tmp_path / "hub.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(TongbanError, match="database-corrupt"):
        open_database(f"sqlite:///{tmp_path}/hub.db", clock)


def test_a_server_that_is_down_says_so(clock: FixedClock) -> None:
    with pytest.raises(TongbanError, match="database-unavailable"):
        open_database("postgresql://hub:x@127.0.0.1:1/hub", clock)


def test_writes_after_close_are_refused(make_database: Callable[..., Database]) -> None:
    db = make_database()
    db.transactions.housekeep(lambda _tx: None)
    db.close()
    with pytest.raises(RuntimeError, match="closed"):
        db.transactions.submit(lambda _tx: None)


def test_probe_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TONGBAN_KILL", raising=False)
    assert isinstance(from_environment(), NoProbe)
    monkeypatch.setenv("TONGBAN_KILL", "*#2:after")
    assert isinstance(from_environment(), KillProbe)
    for wrong in ("x", "x#0:after", "x#1:during", "#1:after"):
        with pytest.raises(ValueError, match="TONGBAN_KILL"):
            parse(wrong)


def test_a_recording_probe_lists_only_writes_that_succeeded() -> None:
    probe = RecordingProbe()
    with probe.durable("a"):
        pass
    with pytest.raises(OSError, match="x"), probe.durable("b"):
        raise OSError("x")
    assert probe.names == ["a"]
