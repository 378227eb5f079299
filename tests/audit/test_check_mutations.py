"""Signed roots, exported folders and arbitrary changes under the check."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from audit.check import check
from audit.model import Checkpoint, Report
from audit.note import LogKey, body_of, signed_note
from storage.files import FolderFiles
from storage.probe import NoProbe
from storage.tx import rows
from tests.audit.conftest import KEY, PRIVATE, Log, record


def sql(log: Log, *statements: str) -> None:
    """Change the database as its owner can: past the triggers."""
    dropped = [f"DROP TRIGGER IF EXISTS storage_journal_no_{verb}" for verb in ("update", "delete")]
    for statement in (*dropped, *statements):
        log.database.transactions.housekeep(lambda tx, s=statement: rows(tx).execute(text(s)))


def named(report: Report) -> list[tuple[str, str]]:
    return [(fault.kind.value, fault.where) for fault in report.faults]


def test_another_logs_key_proves_nothing(log: Log) -> None:
    log.grow(10)
    other = LogKey(KEY.name, Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    report = check(key=other, files=log.files)
    assert not report.proven
    assert not report.ok


def test_two_signed_roots_of_one_size_are_a_fork(log: Log) -> None:
    log.grow(10)
    other = Checkpoint(KEY.name, 10, bytes(32))
    forked = signed_note(other, KEY, PRIVATE.sign(body_of(other)))
    assert ("checkpoint-forked", "checkpoint 10") in named(log.check(forked))


def test_a_checkpoint_one_step_behind_the_database_is_a_notice_only(log: Log) -> None:
    log.grow(100)
    before = (log.folder / "checkpoint").read_bytes()
    log.grow(200)
    (log.folder / "checkpoint").write_bytes(before)
    report = log.check()
    assert (report.ok, report.notices) == (True, ("checkpoint-behind",))


def test_an_exported_folder_is_checked_alone(log: Log, tmp_path: object) -> None:
    log.grow(300)
    folder = Path(f"{tmp_path}/export")
    shutil.copytree(log.folder, folder)
    report = check(key=KEY, files=FolderFiles(folder, NoProbe()))
    assert report.ok
    assert report.root == log.check().root


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_no_changed_bit_of_any_published_file_is_accepted(log: Log, data: st.DataObject) -> None:
    if log.files.read("checkpoint") is None:
        log.grow(300, 560)
    name = data.draw(st.sampled_from(sorted(one for one in log.files.names() if one != "key")))
    path = log.folder / name
    before = path.read_bytes()
    changed = bytearray(before)
    changed[data.draw(st.integers(0, len(before) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(bytes(changed))
    try:
        report = log.check_offline()
        assert not report.ok
        assert name in {fault.where for fault in report.faults}
    finally:
        path.write_bytes(before)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_no_changed_value_of_any_table_is_accepted(log: Log, data: st.DataObject) -> None:
    if log.files.read("checkpoint") is None:
        log.grow(260, 300)
    table, key, columns = data.draw(
        st.sampled_from(
            [
                ("storage_journal", "no", ("at", "kind", "subject", "body")),
                ("audit_entry", "idx", ("no", "leaf")),
                ("audit_checkpoint", "size", ("root", "note")),
                ("audit_head", "origin", ("size", "frontier", "root", "journal_no")),
            ]
        )
    )
    column = data.draw(st.sampled_from(columns))
    statement = f"SELECT {key}, {column} FROM {table}"
    found = log.database.transactions.read(lambda tx: rows(tx).execute(text(statement)).all())
    place, value = data.draw(st.sampled_from(sorted(found)))
    if isinstance(value, int):
        changed: object = data.draw(
            st.integers(-10, 10_000).filter(
                lambda one: one != value and one not in {row[1] for row in found}
            )
        )
    else:
        raw = bytearray(value if isinstance(value, bytes) else value.encode())
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 6))
        changed = bytes(raw) if isinstance(value, bytes) else bytes(raw).decode("utf-8", "replace")
    changed = data.draw(st.sampled_from([changed] * 4 + [99_999_999_999, "text", b"bytes", 0.5]))
    put = text(f"UPDATE {table} SET {column} = :value WHERE {key} = :place")
    sql(log)
    try:
        log.database.transactions.housekeep(
            lambda tx: rows(tx).execute(put, {"value": changed, "place": place})
        )
        assert not log.check().ok
    finally:
        log.database.transactions.housekeep(
            lambda tx: rows(tx).execute(put, {"value": value, "place": place})
        )


def test_more_faults_than_are_listed_are_counted(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.grow(40)
    monkeypatch.setattr("audit.tracks.MOST_DEVIATIONS", 10)
    sql(log, "UPDATE audit_entry SET leaf = ''", "DELETE FROM storage_journal WHERE no > 30")
    report = log.check()
    assert len(report.faults) == 10
    assert report.more_faults == 30


def test_a_leaf_that_no_copy_has_is_named(log: Log) -> None:
    log.grow(3)
    sql(log, "DELETE FROM storage_journal WHERE no = 2", "DELETE FROM audit_entry WHERE idx = 1")
    for folder in ("0", "entries"):
        (log.folder / "tile" / folder / "000.p" / "3").unlink()
    report = log.check()
    assert not report.proven
    assert {
        ("index-missing", "index 1"),
        ("tile-missing", "tile/0/000.p/3"),
        ("root-mismatch", "checkpoint 3"),
    } <= set(named(report))


def test_a_log_that_grows_during_the_check_is_not_accused(log: Log) -> None:
    log.grow(200)
    stop = threading.Event()
    sequencer = log.sequencer("live")

    def write() -> None:
        number = 200
        while not stop.is_set():
            record(log.database, number, 7)
            sequencer.run_once(force=True)
            number += 7

    writer = threading.Thread(target=write)
    writer.start()
    try:
        reports = [log.check() for _ in range(12)]
    finally:
        stop.set()
        writer.join()
    assert [report.to_json()["faults"] for report in reports] == [[]] * 12
    assert all(report.proven for report in reports)
    assert log.check().size > 200
