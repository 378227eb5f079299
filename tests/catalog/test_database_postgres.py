"""The same connector on a PostgreSQL server of the tests' own."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

import storage.foreign
from catalog.connectors import by_name
from catalog.fetching import Desk
from kernel.clock import FixedClock
from kernel.errors import TongbanError
from kernel.ports import Digest
from storage.probe import NoProbe
from tests.catalog.rig import Rig
from tests.catalog.test_database import delivered, fails, kept, rig_at, run, struck

pytestmark = pytest.mark.services

TABLE = """
CREATE TABLE roll (
    nr bigint PRIMARY KEY, "编号" text, "姓名" text, "性别" text, gxsj timestamptz,
    amount numeric(12,2), born date, ok boolean, more jsonb, raw bytea, mark uuid
);
INSERT INTO roll
SELECT n, 'c' || n, '测试甲', '男', timestamptz '2026-03-01 02:00:00+08', 1.5, '2001-02-03', true,
       '{"b": [1], "a": null}', '\\x00ff', '00000000-0000-0000-0000-000000000001'
FROM generate_series(1, 900) AS n;
"""
Execute = Callable[..., None]


@pytest.fixture
def theirs(postgres_url: str) -> Iterator[str]:
    """A database of its own on the server."""
    name = f"theirs_{secrets.token_hex(4)}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def execute(theirs: str) -> Execute:
    def work(*statements: str) -> None:
        with psycopg.connect(theirs, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    work(TABLE)
    return work


@pytest.fixture
def rig(tmp_path: Path, clock: FixedClock, theirs: str, execute: Execute) -> Rig:
    del execute
    return rig_at(tmp_path, clock, theirs, changed="GXSJ", page_rows=100)


def test_every_kind_of_value_has_one_text_in_any_zone_of_the_server(
    theirs: str, execute: Execute, tmp_path: Path, clock: FixedClock
) -> None:
    rig = rig_at(tmp_path, clock, theirs, table="ROLL", changed="gxsj")
    more = {name: name for name in ("amount", "born", "ok", "more", "raw", "mark")}
    source = replace(rig.source, columns={**rig.source.columns, **more})
    desk = Desk(rig.ingest.objects, tmp_path / "desk", clock, NoProbe())
    (file,) = by_name("database").fetch(source, desk)  # type: ignore[attr-defined] # a fetcher
    execute(f"ALTER DATABASE {make_url(theirs).database} SET timezone = 'UTC'")
    assert by_name("database").fetch(source, desk) == (file,)  # type: ignore[attr-defined] # the same
    first = rig.ingest.objects.get(Digest(file.object)).split(b"\n")[0].decode()
    assert first == (
        '{"nr":"1","gxsj":"2026-03-01 02:00:00","编号":"c1","姓名":"测试甲","性别":"男",'
        '"amount":"1.50","born":"2001-02-03","ok":"true",'
        '"more":{"json":"{\\"a\\": null, \\"b\\": [1]}"},"raw":{"base64":"AP8="},'
        '"mark":"00000000-0000-0000-0000-000000000001"}'
    )
    assert file.mark == "2026-03-01 02:00:00"


def test_a_session_that_ends_while_reading_leaves_nothing_and_the_next_run_reads_all(
    rig: Rig, execute: Execute
) -> None:
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with struck(3, lambda: execute(end)):
        fault = fails(rig)
    assert (fault.code, fault.params["came"]) == ("source-broke-off", "200")
    assert not kept(rig)
    assert run(rig).counts.published == 900


def test_a_change_made_while_reading_belongs_to_the_next_delivery(
    rig: Rig, execute: Execute
) -> None:
    with struck(2, lambda: execute("UPDATE roll SET \"编号\" = 'x' || nr, gxsj = now()")):
        run(rig)
    assert all(record.values["code"][0] == "c" for record in rig.catalog.scan("roll"))
    outcome = run(rig)
    assert outcome.changed
    (file,) = delivered(rig, str(outcome.version))["delivery"]["files"]
    assert file["touched"] == 900


def test_what_tries_to_write_is_stopped_by_the_session(
    tmp_path: Path, clock: FixedClock, theirs: str, execute: Execute
) -> None:
    execute(
        "CREATE FUNCTION spoil(n bigint) RETURNS bigint LANGUAGE sql AS "
        "'DELETE FROM roll WHERE nr = n RETURNING nr'",
        'CREATE VIEW v AS SELECT spoil(nr) AS nr, "编号", "姓名", "性别" FROM roll',
    )
    assert fails(rig_at(tmp_path, clock, theirs, table="v")).code == "source-failing"
    assert run(rig_at(tmp_path, clock, theirs)).counts.published == 900


def test_who_may_not_read_and_who_is_not_known_are_refused(
    tmp_path: Path, clock: FixedClock, theirs: str, execute: Execute
) -> None:
    name = f"reader_{secrets.token_hex(4)}"
    execute(f"CREATE ROLE {name} LOGIN PASSWORD 'right'")
    url = make_url(theirs).set(username=name)
    try:
        for password in ("right", "wrong"):
            address = url.set(password=password).render_as_string(hide_password=False)
            assert fails(rig_at(tmp_path, clock, address)).code == "source-refused"
        gone = make_url(theirs).set(database="nowhere").render_as_string(hide_password=False)
        assert fails(rig_at(tmp_path, clock, gone)).code == "source-unreachable"
    finally:
        execute(f"DROP ROLE {name}")


def test_a_table_that_stays_locked_and_a_view_that_never_ends_are_given_up(
    rig: Rig, theirs: str, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.foreign, "LOCK_SECONDS", 1)
    with psycopg.connect(theirs) as other:
        other.execute("LOCK TABLE roll")
        assert fails(rig).code == "source-slow"
    execute(
        'CREATE VIEW v AS SELECT nr, "编号", "姓名", "性别", gxsj, (SELECT 1 FROM pg_sleep(9)) FROM roll'
    )
    source = rig.ingest.sources["roll-source"]
    object.__setattr__(source, "fetch", {**source.fetch, "table": "v", "seconds": 1})
    assert fails(rig).code == "source-slow"


@pytest.mark.parametrize("kind", ["timestamptz", "date", "uuid", "numeric(20,4)", "char(40)"])
def test_a_key_may_be_of_any_kind_that_is_sorted(
    tmp_path: Path, clock: FixedClock, theirs: str, execute: Execute, kind: str
) -> None:
    made = {
        "timestamptz": "timestamptz '1990-01-01 00:00+08' + nr * interval '1 second'",
        "date": "date '1990-01-01' + nr::int",
        "uuid": "md5(nr::text)",
    }.get(kind, "nr")
    execute(f"ALTER TABLE roll ADD COLUMN k {kind}", f"UPDATE roll SET k = ({made})::{kind}")
    rig = rig_at(tmp_path, clock, theirs, key="k", page_rows=100)
    assert run(rig).counts.published == 900


def test_times_that_no_calendar_has_are_texts_too(
    tmp_path: Path, clock: FixedClock, theirs: str, execute: Execute
) -> None:
    execute(
        "UPDATE roll SET gxsj = 'infinity', born = '0044-03-15 BC' WHERE nr = 1",
        "UPDATE roll SET gxsj = '1988-07-01 12:00+09' WHERE nr = 2",
    )
    rig = rig_at(tmp_path, clock, theirs, changed="gxsj")
    source = replace(rig.source, columns={**rig.source.columns, "born": "born"})
    desk = Desk(rig.ingest.objects, tmp_path / "desk", clock, NoProbe())
    (file,) = by_name("database").fetch(source, desk)  # type: ignore[attr-defined] # a fetcher
    rows = [json.loads(line) for line in rig.ingest.objects.get(Digest(file.object)).splitlines()]
    assert [(row["gxsj"], row["born"]) for row in rows[:2]] == [
        ("infinity", "0044-03-15 BC"),
        ("1988-07-01 11:00:00", "2001-02-03"),
    ]
    assert file.mark == "2026-03-01 02:00:00"


def test_another_schema_is_read_by_its_name(
    tmp_path: Path, clock: FixedClock, theirs: str, execute: Execute
) -> None:
    execute("CREATE SCHEMA other", "CREATE TABLE other.list AS SELECT * FROM roll LIMIT 5")
    assert fails(rig_at(tmp_path, clock, theirs, table="list")).code == "table-missing"
    assert run(rig_at(tmp_path, clock, theirs, schema="other", table="LIST")).counts.published == 5


def test_no_text_of_the_database_stands_in_the_failure(rig: Rig, execute: Execute) -> None:
    execute("ALTER TABLE roll ADD COLUMN bad text", "DROP TABLE roll CASCADE")
    fault: TongbanError = fails(rig)
    assert (fault.code, set(fault.params)) == ("table-missing", {"source", "table"})
