"""Cells, names, instruments and errors that are not what they should be."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import exc

from kernel.clock import to_iso
from kernel.errors import TongbanError
from storage import cells, failures, probe
from storage.files import FolderFiles
from storage.probe import NoProbe, RecordingProbe

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize("value", [None, "text", 7, 1.5, ["x"]])
def test_a_cell_that_holds_no_bytes_reads_as_none(value: object) -> None:
    assert cells.raw(value) == b""


@pytest.mark.parametrize("value", [b"ab", bytearray(b"ab"), memoryview(b"ab")])
def test_bytes_of_any_driver_read_alike(value: object) -> None:
    assert cells.raw(value) == b"ab"


@pytest.mark.parametrize("value", [None, "7", 7.0, b"7"])
def test_a_cell_that_holds_no_number_reads_as_minus_one(value: object) -> None:
    assert cells.number(value) == -1
    assert cells.number(7) == 7


@pytest.mark.parametrize(
    "value",
    [None, 7, b"2026", "", "noon", "2026-11-24", "2026-11-24T12:00:00", "2026-11-24T12:00:00Z"],
)
def test_a_time_that_we_did_not_write_is_unreadable(value: object) -> None:
    assert cells.moment(value) == cells.UNREADABLE
    assert cells.moment(to_iso(NOON)) == NOON


class _DriverError(Exception):
    def __init__(self, text: str, sqlstate: str = "") -> None:
        super().__init__(text)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("text", "state", "code"),
    [
        ("database or disk is full", "", "disk-full"),
        ("disk I/O error", "", "disk-full"),
        ("could not extend file", "53100", "disk-full"),
        ("database is locked", "", "database-busy"),
        ("could not serialize access", "40001", "database-busy"),
        ("deadlock detected", "40P01", "database-busy"),
        ("database disk image is malformed", "", "database-corrupt"),
        ("file is not a database", "", "database-corrupt"),
        ("attempt to write a readonly database", "", "store-unwritable"),
        ("unable to open database file", "", "store-unwritable"),
        ("no such table: storage_journal", "", "schema-differs"),
        ("relation does not exist", "42P01", "schema-differs"),
        ("connection refused", "", "database-unavailable"),
        ("terminating by command", "57P01", "database-unavailable"),
        ("password authentication failed", "28P01", "database-unavailable"),
        ("database does not exist", "3D000", "database-unavailable"),
    ],
)
def test_errors_of_drivers_become_the_rooms_failures(text: str, state: str, code: str) -> None:
    error = exc.OperationalError("SELECT 1", {}, _DriverError(text + "\nmore", state))
    with pytest.raises(TongbanError) as caught, failures.translated():
        raise error
    assert caught.value.code == code
    assert "more" not in str(caught.value.params)


def test_errors_of_no_known_kind_and_broken_constraints_pass_unchanged() -> None:
    unknown = exc.ProgrammingError("SELEC", {}, _DriverError("syntax error", "42601"))
    broken = exc.IntegrityError("INSERT", {}, _DriverError("locked by a unique constraint"))
    for error in (unknown, broken):
        with pytest.raises(type(error)) as caught, failures.translated():
            raise error
        assert caught.value is error


@pytest.mark.parametrize(
    ("state", "again"), [("40001", True), ("40P01", True), ("23505", False), ("", False)]
)
def test_only_lost_races_are_run_again(state: str, again: bool) -> None:
    assert failures.may_retry(exc.DBAPIError("x", {}, _DriverError("x", state))) is again
    assert not failures.may_retry(ValueError())


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk-full"),
        (errno.EDQUOT, "disk-full"),
        (errno.EACCES, "store-unwritable"),
        (None, "store-unwritable"),
    ],
)
def test_errors_of_the_system_become_the_rooms_failures(number: int | None, code: str) -> None:
    error = OSError(number, "why") if number else OSError()
    with pytest.raises(TongbanError) as caught, failures.of_files("log"):
        raise error
    assert (caught.value.code, caught.value.params["what"]) == (code, "log")


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../x", "a/../b", "a//b", ".hidden", "a/.b", "a b", "a\n", "名"]
)
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    files = FolderFiles(tmp_path, NoProbe())
    for call in (files.read, files.remove, lambda one: files.write(one, b"")):
        with pytest.raises(ValueError, match="not a file name"):
            call(name)


def test_files_are_replaced_listed_and_removed_with_their_empty_folders(tmp_path: Path) -> None:
    seen = RecordingProbe()
    files = FolderFiles(tmp_path / "log", seen)
    assert files.read("tile/0/000") is None
    for name, data in (("tile/0/000", b"a"), ("tile/0/000", b"b"), ("checkpoint", b"c")):
        files.write(name, data)
    assert files.read("tile/0/000") == b"b"
    assert files.read("tile") is None
    assert files.read("checkpoint/below") is None
    assert list(files.names()) == ["checkpoint", "tile/0/000"]
    assert list(files.names("tile")) == ["tile/0/000"]
    files.remove("tile/0/000")
    files.remove("tile/0/000")
    assert not (tmp_path / "log" / "tile" / "0").exists()
    assert seen.names == ["files.write"] * 3


def test_a_folder_in_the_place_of_a_file_is_told_and_leaves_nothing_staged(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()
    with pytest.raises(TongbanError) as caught:
        FolderFiles(tmp_path, NoProbe()).write("checkpoint", b"")
    assert caught.value.code == "store-unwritable"
    assert not list((tmp_path / ".staging").iterdir())


@pytest.mark.parametrize(
    "text", ["x", "#1:before", "x#0:before", "x#-1:after", "x#1:later", "x#1", "x#one:before"]
)
def test_an_instrument_that_is_not_understood_stops_the_program(text: str) -> None:
    with pytest.raises(ValueError, match="TONGBAN_KILL"):
        probe.parse(text)


@pytest.mark.parametrize(
    ("asked", "written"), [("b#2:before", "ab"), ("b#2:after", "abb"), ("*#1:before", "")]
)
def test_the_process_ends_around_the_write_that_was_named(asked: str, written: str) -> None:
    program = (
        "import sys\nfrom storage.probe import from_environment\nprobe = from_environment()\n"
        "for name in 'abbc':\n"
        "    with probe.durable(name):\n"
        "        sys.stdout.write(name), sys.stdout.flush()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"TONGBAN_KILL": asked, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, written)


def test_without_the_variable_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(probe.VARIABLE, raising=False)
    assert isinstance(probe.from_environment(), NoProbe)
