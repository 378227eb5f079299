"""Deliveries read from a department's live database."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from catalog import sources, tablereading
from catalog.model import Outcome, State
from kernel.clock import FixedClock
from kernel.errors import TongbanError
from kernel.ports import Digest
from storage.probe import NoProbe
from tests.catalog.rig import SOURCE, Rig, build

TABLE = (
    'CREATE TABLE roll (nr INTEGER PRIMARY KEY, "编号" TEXT, "姓名" TEXT, "性别" TEXT, gxsj TEXT)'
)
INSERT = "INSERT INTO roll VALUES (?, ?, ?, ?, ?)"
DAY = "2026-03-01 02:00:00"
Row = tuple[Any, ...]


def people(count: int, first: int = 0, day: str = DAY) -> list[Row]:
    return [(n + 1, f"c{n:06d}", "测试甲", "男", day) for n in range(first, first + count)]


def write(path: Path, rows: list[Row], table: str = TABLE) -> None:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(table)
        database.executemany(INSERT, rows)


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement)


def rig_at(tmp_path: Path, clock: FixedClock, address: str, **fetch: object) -> Rig:
    file = tmp_path / "address"
    file.write_text(address + "\n", "utf-8")
    file.chmod(0o600)
    table: dict[str, object] = {"address_file": str(file), "table": "roll", "key": "nr"}
    rig = build(tmp_path, clock, NoProbe())
    known = replace(rig.source, connector="database", fetch=table | fetch)
    known = replace(known, delivery=replace(known.delivery, pattern="*"))
    return replace(rig, source=known, ingest=replace(rig.ingest, sources={known.name: known}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "theirs.sqlite"


def run(rig: Rig) -> Outcome:
    outcome = rig.ingest.run(rig.actor, "roll-source")
    assert isinstance(outcome, Outcome)
    return outcome


def fails(rig: Rig) -> TongbanError:
    with pytest.raises(TongbanError) as caught:
        rig.ingest.run(rig.actor, "roll-source")
    assert not (rig.home / "work" / "roll-source" / "fetch").exists()
    return caught.value


def kept(rig: Rig) -> list[Path]:
    return [path for path in (rig.home / "objects").rglob("*") if path.is_file()]


def delivered(rig: Rig, version: str) -> dict[str, Any]:
    found = rig.catalog.versions(rig.actor, "roll")
    manifest = next(v.manifest for v in found if v.id == version)  # type: ignore[union-attr]
    raw: dict[str, Any] = json.loads(rig.ingest.objects.get(Digest(manifest)))
    return raw


def test_an_unchanged_table_is_nothing_new_and_a_changed_one_tells_what_changed(
    tmp_path: Path, clock: FixedClock, path: Path
) -> None:
    write(path, people(300))
    rig = rig_at(tmp_path, clock, f"sqlite:///{path}", changed="GXSJ", page_rows=70)
    first = run(rig)
    assert (first.state, first.counts.published, first.changed) == (State.PUBLISHED, 300, True)
    execute(path, "VACUUM")
    again = run(rig)
    assert (again.batch, again.changed) == (first.batch, False)
    execute(
        path,
        "UPDATE roll SET \"姓名\" = '测试乙', gxsj = '2026-03-02 01:00:00' WHERE nr IN (5, 250)",
        "INSERT INTO roll VALUES (900, 'c900000', '测试丙', '女', '2026-03-02 01:00:01')",
        "DELETE FROM roll WHERE nr = 7",
    )
    second = run(rig)
    files = [delivered(rig, version)["delivery"]["files"] for version in ("roll-1", "roll-2")]
    assert [(file["name"], file["mark"], file.get("touched")) for (file,) in files] == [
        ("roll.jsonl", DAY, None),
        ("roll.jsonl", "2026-03-02 01:00:01", 3),
    ]
    diff = delivered(rig, second.version or "")["diff"]
    assert (diff["added"], diff["removed"], diff["changed"]) == (1, 1, 2)


def test_rows_are_counted_in_the_order_of_the_key_over_pages_and_blocks(
    tmp_path: Path, clock: FixedClock, path: Path
) -> None:
    write(path, list(reversed(people(250))))
    rig = rig_at(tmp_path, clock, f"sqlite:///{path}", page_rows=50)
    run(rig)
    found = {record.row_key: record.values["code"] for record in rig.catalog.scan("roll")}
    assert found == {f"1:{number + 1}": f"c{number:06d}" for number in range(250)}


def test_a_number_of_rows_that_fills_the_last_page_ends_there(
    tmp_path: Path, clock: FixedClock, path: Path
) -> None:
    write(path, people(100))
    assert run(rig_at(tmp_path, clock, f"sqlite:///{path}", page_rows=50)).counts.published == 100


def test_one_cell_that_is_no_text_goes_to_quarantine_alone(
    tmp_path: Path, clock: FixedClock, path: Path
) -> None:
    write(path, people(40))
    execute(path, "UPDATE roll SET \"姓名\" = CAST(x'b2e2cad4' AS TEXT) WHERE nr = 3")
    execute(path, "UPDATE roll SET \"性别\" = x'00' WHERE nr = 5")
    rig = rig_at(tmp_path, clock, f"sqlite:///{path}")
    outcome = run(rig)
    page = rig.catalog.quarantine(rig.actor, str(outcome.version))
    rows = {(row.row, row.rule, row.column) for row in page.rows}  # type: ignore[union-attr]
    assert rows == {(3, "record-shape", "name"), (5, "record-shape", "sex")}
    assert outcome.counts.published == 38


def test_nothing_is_ever_written_and_no_file_is_made(
    tmp_path: Path, clock: FixedClock, path: Path
) -> None:
    missing = rig_at(tmp_path, clock, f"sqlite:///{path}")
    assert fails(missing).code == "source-unreachable"
    assert not path.exists()
    write(path, people(3))
    execute(path, "CREATE VIEW v AS SELECT * FROM roll")
    before = path.read_bytes()
    assert run(rig_at(tmp_path, clock, f"sqlite:///{path}", table="V")).counts.published == 3
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("theirs.sqlite-*"))


@contextmanager
def struck(after: int, strike: Any) -> Iterator[None]:
    """Let something happen to the database after so many pages were read."""
    pages = 0

    def count(*arguments: Any) -> None:
        nonlocal pages
        pages += "LIMIT" in arguments[2]
        if pages == after:
            strike()

    event.listen(Engine, "after_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(Engine, "after_cursor_execute", count)


def test_a_database_that_goes_away_while_it_is_read_leaves_nothing(
    tmp_path: Path, clock: FixedClock, path: Path
) -> None:
    write(path, people(4000))
    # more than SQLite keeps in memory, so that later pages are read from the file
    execute(path, "ALTER TABLE roll ADD COLUMN picture", "UPDATE roll SET picture = zeroblob(2000)")
    whole = path.read_bytes()
    rig = rig_at(tmp_path, clock, f"sqlite:///{path}", page_rows=100)
    with struck(3, lambda: os.truncate(path, 8192)):
        fault = fails(rig)
    assert (fault.code, fault.params["source"]) == ("source-broke-off", "roll-source")
    assert not kept(rig)
    assert rig.catalog.versions(rig.actor, "roll") == ()
    path.write_bytes(whole)
    assert run(rig).counts.published == 4000


def test_a_change_made_while_reading_belongs_to_the_next_delivery(
    tmp_path: Path, clock: FixedClock, path: Path
) -> None:
    write(path, people(300))
    execute(path, "PRAGMA journal_mode=WAL")
    rig = rig_at(tmp_path, clock, f"sqlite:///{path}", page_rows=100)
    with struck(1, lambda: execute(path, 'UPDATE roll SET "编号" = \'x\' || "编号"')):
        run(rig)
    assert all(record.values["code"][0] == "c" for record in rig.catalog.scan("roll"))
    assert run(rig).changed


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE roll SET gxsj = 'same'", ({"key": "gxsj"}, "key-unusable")),
        ("UPDATE roll SET gxsj = NULL WHERE nr = 2", ({"key": "gxsj"}, "key-unusable")),
        ("UPDATE roll SET gxsj = CAST(nr AS BLOB) WHERE nr > 2", ({"key": "gxsj"}, "key-unusable")),
        ("DELETE FROM roll", ({}, "delivery-empty")),
        ("DROP TABLE roll", ({}, "table-missing")),
        ('ALTER TABLE roll DROP COLUMN "姓名"', ({}, "columns-missing")),
        ("ALTER TABLE roll DROP COLUMN gxsj", ({"changed": "gxsj"}, "columns-missing")),
        ("DROP TABLE roll", ({"table": 'roll" --'}, "table-missing")),
    ],
)
def test_a_table_that_cannot_be_read_is_told(
    tmp_path: Path, clock: FixedClock, path: Path, change: str, told: tuple[dict[str, Any], str]
) -> None:
    fetch, code = told
    write(path, people(9))
    execute(path, change)
    rig = rig_at(tmp_path, clock, f"sqlite:///{path}", page_rows=2, **fetch)
    assert fails(rig).code == code
    assert not kept(rig)


def test_keys_that_the_database_takes_for_one_lose_no_row_unseen(
    tmp_path: Path, clock: FixedClock, path: Path
) -> None:
    write(path, people(9), TABLE.replace("gxsj TEXT", "gxsj TEXT COLLATE NOCASE"))
    execute(path, "UPDATE roll SET gxsj = char(96 + nr)", "UPDATE roll SET gxsj = 'C' WHERE nr = 4")
    rig = rig_at(tmp_path, clock, f"sqlite:///{path}", key="gxsj", page_rows=1)
    assert fails(rig).code == "key-unusable"


def test_a_read_that_takes_longer_than_it_may_is_given_up(
    tmp_path: Path, clock: FixedClock, path: Path
) -> None:
    write(path, people(9))
    rig = rig_at(tmp_path, clock, f"sqlite:///{path}", page_rows=2, seconds=1)
    with struck(1, lambda: time.sleep(1.1)):
        assert fails(rig).code == "source-slow"


def test_a_view_that_fails_on_a_row_and_a_damaged_file_are_told(
    tmp_path: Path, clock: FixedClock, path: Path
) -> None:
    write(path, people(9))
    execute(path, "CREATE VIEW v AS SELECT *, abs(-9223372036854775807 - (nr > 5)) AS x FROM roll")
    known = rig_at(tmp_path, clock, f"sqlite:///{path}", table="v", changed="x", page_rows=2)
    assert fails(known).code == "source-failing"
    path.write_bytes(b"no database" * 1000)
    assert fails(known).code == "source-unreachable"


def test_a_table_that_is_locked_or_too_large_is_told(
    tmp_path: Path, clock: FixedClock, path: Path
) -> None:
    write(path, people(900))
    rig = rig_at(tmp_path, clock, f"sqlite:///{path}", seconds=1)
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert fails(rig).code == "source-slow"
    small = replace(rig.source, delivery=replace(rig.source.delivery, max_bytes=500))
    rig = replace(rig, ingest=replace(rig.ingest, sources={small.name: small}))
    assert fails(rig).code == "delivery-too-large"
    assert not kept(rig)


@pytest.mark.parametrize(
    "address",
    ["mysql://u:p@h/d", "sqlite://", "sqlite:///:memory:", "sqlite:///file:/x", "nonsense"],
)
def test_an_address_of_another_kind_is_refused_without_its_password(
    tmp_path: Path, clock: FixedClock, address: str
) -> None:
    fault = fails(rig_at(tmp_path, clock, address))
    assert fault.code == "database-url"
    assert "p@h" not in str(fault)


def test_a_server_that_is_down_is_told(tmp_path: Path, clock: FixedClock) -> None:
    fault = fails(rig_at(tmp_path, clock, "postgresql://u:p@127.0.0.1:9/d"))
    assert (fault.code, fault.params["reason"]) == ("source-unreachable", "away")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (True, "true"),
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        (float("nan"), "NaN"),
        (Decimal("1.50"), "1.50"),
        (Decimal("1E+3"), "1000"),
        (None, None),
        ("", ""),
        (b"\x00", {"base64": "AA=="}),
        ([2, 1], {"json": "[2, 1]"}),
    ],
)
def test_a_value_has_one_text(value: object, text: object) -> None:
    assert tablereading.text(value) == text


@given(st.integers(0, 10**20), st.integers(0, 10**20))
def test_marks_of_whole_numbers_are_compared_by_value(one: int, other: int) -> None:
    assert tablereading.newer(str(one), str(other)) == (one > other)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("", "fetch.address_file is required"),
        ('address_file = "/a"\nkey = "k"', "fetch.table is required"),
        ('address_file = "/a"\ntable = "t"\nkey = "k"\npage_rows = 0', "from 1 to 50000"),
        ('address_file = "/a"\ntable = "t"\nkey = "k"\npage_rows = true', "a whole number"),
        ('address_file = "/a"\ntable = "t"\nkey = "k"\nsql = "x"', "unknown entry fetch.sql"),
        ('address_file = "x/../a"\ntable = "t"\nkey = "k"', "below the hub's home"),
    ],
)
def test_a_faulty_table_of_instructions_is_told(table: str, told: str) -> None:
    text = SOURCE.format(connector="database")
    with pytest.raises(TongbanError) as caught:
        sources.parse(
            "roll-source", text.replace("[columns]", f"[fetch]\n{table}\n[columns]").encode()
        )
    assert told in caught.value.params["problems"]


def test_an_address_below_the_hubs_home_is_found_there(tmp_path: Path) -> None:
    fetch = '[fetch]\naddress_file = "secrets/a"\ntable = "t"\nkey = "k"\n[columns]'
    text = SOURCE.format(connector="database").replace("[columns]", fetch).encode()
    known = sources.parse("roll-source", text, home=tmp_path)
    assert known.fetch["address_file"] == str(tmp_path / "secrets" / "a")
