"""Whatever is changed, removed, swapped or inserted is found and named."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from audit.check import check
from audit.model import Checkpoint, FaultKind, Report
from audit.note import body_of, signed_note
from audit.tiles import bundle, unbundle
from audit.tree import EMPTY_ROOT, leaf_hash
from kernel.canonical import canonical
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


def test_an_empty_log_and_an_untouched_log_are_fine(log: Log) -> None:
    assert log.check().ok
    log.grow(700)
    report = log.check()
    assert report.ok
    assert (report.size, report.waiting, report.notices) == (700, 0, ())
    record(log.database, 700, 3)
    assert (log.check().ok, log.check().waiting) == (True, 3)
    shown = report.to_json()
    assert (shown["ok"], shown["signed_size"], shown["faults"]) == (True, 700, [])


def test_a_changed_row_is_named(log: Log) -> None:
    log.grow(300)
    sql(log, "UPDATE storage_journal SET body = x'7b7d' WHERE no = 18")
    report = log.check()
    assert (FaultKind.ROW_CHANGED, "journal 18") in [(f.kind, f.where) for f in report.faults]
    assert {where for _, where in named(report)} == {"journal 18"}
    assert report.proven
    assert not report.ok


def test_a_changed_column_is_named(log: Log) -> None:
    log.grow(300)
    sql(log, "UPDATE storage_journal SET subject = 'other' WHERE no = 18")
    assert named(log.check()) == [("row-changed", "journal 18")]


def test_a_missing_row_is_named(log: Log) -> None:
    log.grow(300)
    sql(log, "DELETE FROM storage_journal WHERE no = 300")
    assert named(log.check()) == [("row-missing", "journal 300")]


def test_two_swapped_rows_are_named(log: Log) -> None:
    log.grow(600)
    sql(
        log,
        "CREATE TEMP TABLE IF NOT EXISTS keep AS SELECT * FROM storage_journal WHERE no IN (7, 555)",
        "UPDATE storage_journal SET (at, kind, subject, body) = (SELECT at, kind, subject, body FROM temp.keep WHERE no = 555) WHERE no = 7",
        "UPDATE storage_journal SET (at, kind, subject, body) = (SELECT at, kind, subject, body FROM temp.keep WHERE no = 7) WHERE no = 555",
    )
    assert named(log.check()) == [("rows-swapped", "journal 7"), ("rows-swapped", "journal 555")]


def test_an_inserted_row_is_named(log: Log) -> None:
    log.grow(300)
    sql(
        log,
        "INSERT INTO storage_journal (no, at, kind, subject, body) SELECT -5, at, kind, subject, body FROM storage_journal WHERE no = 3",
    )
    assert named(log.check()) == [("row-inserted", "journal -5")]


def test_a_changed_index_is_named(log: Log) -> None:
    log.grow(300)
    sql(log, "UPDATE audit_entry SET leaf = zeroblob(32) WHERE idx = 258")
    assert named(log.check()) == [("index-changed", "index 258")]


def test_a_missing_index_entry_is_named(log: Log) -> None:
    log.grow(300)
    sql(log, "DELETE FROM audit_entry WHERE idx = 12")
    assert named(log.check()) == [("index-missing", "index 12"), ("row-inserted", "journal 13")]


def test_swapped_index_entries_are_not_blamed_on_the_rows(log: Log) -> None:
    log.grow(300)
    sql(
        log,
        "UPDATE audit_entry SET no = -1 WHERE idx = 3",
        "UPDATE audit_entry SET no = 4 WHERE idx = 9",
        "UPDATE audit_entry SET no = 10 WHERE idx = 3",
    )
    assert named(log.check()) == [("index-changed", "index 3"), ("index-changed", "index 9")]


@pytest.mark.parametrize(
    "name",
    [
        "tile/0/000",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/001",
        "tile/entries/002.p/88",
    ],
)
@pytest.mark.parametrize("deed", ["bit", "gone", "longer", "shorter", "empty"])
def test_a_changed_or_missing_tile_is_named(log: Log, name: str, deed: str) -> None:
    log.grow(600)
    path = log.folder / name
    data = path.read_bytes()
    if deed == "gone":
        path.unlink()
    else:
        changed = {
            "bit": data[:-1] + bytes([data[-1] ^ 1]),
            "longer": data + data[-40:],
            "shorter": data[:-1],
            "empty": b"",
        }
        path.write_bytes(changed[deed])
    for report in (log.check(), log.check_offline()):
        kinds = {"tile-missing"} if deed == "gone" else {"tile-changed"}
        assert {where for _, where in named(report)} == {name}
        assert {kind for kind, _ in named(report)} == kinds
        assert report.proven


def test_two_swapped_tiles_are_named(log: Log) -> None:
    log.grow(600)
    one, other = log.folder / "tile/0/000", log.folder / "tile/0/001"
    first = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(first)
    assert named(log.check()) == [("tiles-swapped", "tile/0/000"), ("tiles-swapped", "tile/0/001")]
    assert named(log.check_offline()) == named(log.check())


def test_two_swapped_bundles_are_named(log: Log) -> None:
    log.grow(600)
    one, other = log.folder / "tile/entries/000", log.folder / "tile/entries/001"
    first = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(first)
    expected = [("tiles-swapped", "tile/entries/000"), ("tiles-swapped", "tile/entries/001")]
    assert named(log.check()) == named(log.check_offline()) == expected


@pytest.mark.parametrize(
    "name", ["tile/0/007", "tile/0/1", "tile/note.txt", "tile/5/000.p/1", "tile/0/002.p/89"]
)
def test_an_unknown_file_is_named(log: Log, name: str) -> None:
    log.grow(600)
    log.files.write(name, b"x" * 32)
    assert named(log.check_offline()) == [("file-unknown", name)]


def test_a_changed_old_partial_tile_is_named(log: Log) -> None:
    log.grow(520, 600)
    (log.folder / "tile/0/002.p/8").write_bytes(bytes(256))
    assert named(log.check_offline()) == [("tile-changed", "tile/0/002.p/8")]


def test_a_changed_head_is_named(log: Log) -> None:
    log.grow(300)
    for change in ("root = zeroblob(32)", "frontier = x'00'", "journal_no = 5"):
        sql(
            log,
            "CREATE TEMP TABLE IF NOT EXISTS heads AS SELECT * FROM audit_head",
            f"UPDATE audit_head SET {change}",
        )
        assert ("head-changed", "head") in named(log.check()), change
        sql(log, "DELETE FROM audit_head", "INSERT INTO audit_head SELECT * FROM temp.heads")
    assert log.check().ok


def test_a_head_put_back_to_an_older_state_is_named(log: Log) -> None:
    log.grow(200)
    sql(log, "CREATE TEMP TABLE heads AS SELECT * FROM audit_head")
    log.grow(300)
    sql(log, "DELETE FROM audit_head", "INSERT INTO audit_head SELECT * FROM temp.heads")
    assert ("head-changed", "head") in named(log.check())


def test_a_forged_size_does_not_make_the_check_run_for_ever(log: Log) -> None:
    log.grow(30)
    sql(log, "UPDATE audit_head SET size = 99999999999999")
    assert named(log.check()) == [("head-changed", "head")]
    sql(log, "UPDATE audit_entry SET idx = 99999999999999 WHERE idx = 29")
    assert ("index-missing", "index 29") in named(log.check())
    assert ("index-changed", "index beyond 30") in named(log.check())


def test_changed_and_missing_checkpoints_are_named(log: Log) -> None:
    log.grow(100, 300)
    note = (log.folder / "checkpoint").read_text()
    (log.folder / "checkpoint").write_text(note.replace("300", "301"))
    assert named(log.check()) == [("checkpoint-changed", "checkpoint")]
    (log.folder / "checkpoint").unlink()
    assert named(log.check()) == [("checkpoint-missing", "checkpoint")]
    (log.folder / "checkpoint").write_text(note)
    sql(log, "UPDATE audit_checkpoint SET note = 'x' WHERE size = 100")
    assert named(log.check()) == [("checkpoint-changed", "checkpoint 100")]
    sql(
        log,
        "UPDATE audit_checkpoint SET note = (SELECT note FROM audit_checkpoint WHERE size = 300) WHERE size = 100",
    )
    assert named(log.check()) == [("checkpoint-changed", "checkpoint 100")]


def test_a_log_never_signed_is_not_proven(log: Log) -> None:
    record(log.database, 0, 3)
    sequencer = log.sequencer()
    sequencer._sign_at = time.monotonic() + 3600
    sequencer.run_once()
    report = log.check()
    assert named(report) == [("checkpoint-missing", "checkpoint")]
    assert not report.proven


def test_a_tail_cut_off_everywhere_in_the_database_is_named(log: Log) -> None:
    log.grow(200, 300)
    sql(
        log,
        "DELETE FROM storage_journal WHERE no > 200",
        "DELETE FROM audit_entry WHERE idx >= 200",
        "DELETE FROM audit_checkpoint WHERE size > 200",
    )
    report = log.check()
    assert ("log-truncated", "checkpoint 300") in named(report)
    assert ("index-missing", "index 299") in named(report)


def test_a_log_rolled_back_whole_is_found_by_a_checkpoint_kept_elsewhere(
    log: Log, tmp_path: object
) -> None:
    log.grow(300)
    shutil.copytree(log.folder, f"{tmp_path}/old")
    log.grow(400)
    kept = (log.folder / "checkpoint").read_text()
    old = FolderFiles(Path(f"{tmp_path}/old"), NoProbe())
    assert check(key=KEY, files=old).ok
    report = check(key=KEY, files=old, known=[kept])
    assert named(report) == [("log-truncated", "checkpoint 400")]
    assert not report.ok


def test_a_signed_root_of_the_empty_log_has_one_right_value(log: Log) -> None:
    log.grow(10)
    for root, faults in ((EMPTY_ROOT, []), (bytes(32), [("root-mismatch", "checkpoint 0")])):
        signed = Checkpoint(KEY.name, 0, root)
        report = log.check(signed_note(signed, KEY, PRIVATE.sign(body_of(signed))))
        assert named(report) == faults


def test_a_history_rewritten_alike_everywhere_is_found_by_the_signed_root(log: Log) -> None:
    log.grow(100, 200, 300)
    changed = canonical(
        {
            "v": 1,
            "at": "2026-03-02T01:00:00.000Z",
            "kind": "toy.done",
            "subject": "s150",
            "actor": {},
            "data": {},
        }
    )
    sql(
        log,
        f"UPDATE storage_journal SET body = x'{changed.hex()}' WHERE no = 151",
        f"UPDATE audit_entry SET leaf = x'{leaf_hash(changed).hex()}' WHERE idx = 150",
    )
    entries = unbundle((log.folder / "tile/entries/000").read_bytes())
    assert entries is not None
    entries[150] = changed
    (log.folder / "tile/entries/000").write_bytes(bundle(entries))
    tile = (log.folder / "tile/0/000").read_bytes()
    (log.folder / "tile/0/000").write_bytes(
        tile[: 150 * 32] + leaf_hash(changed) + tile[151 * 32 :]
    )
    report = log.check()
    assert not report.proven
    mismatch = next(fault for fault in report.faults if fault.kind is FaultKind.ROOT_MISMATCH)
    assert (mismatch.where, mismatch.detail) == (
        "checkpoint 200",
        "entries 100 to 199 are not those that were signed",
    )


def test_changes_in_different_copies_of_different_blocks_are_all_named(log: Log) -> None:
    log.grow(1000)
    sql(
        log,
        "UPDATE storage_journal SET body = x'00' WHERE no = 5",
        "UPDATE audit_entry SET leaf = zeroblob(32) WHERE idx = 4",
    )
    tile = (log.folder / "tile/0/001").read_bytes()
    (log.folder / "tile/0/001").write_bytes(bytes(32) + tile[32:])
    (log.folder / "tile/entries/001").unlink()
    report = log.check()
    assert report.proven
    assert {where for _, where in named(report)} == {
        "journal 5",
        "index 4",
        "tile/0/001",
        "tile/entries/001",
    }
