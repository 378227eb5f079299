from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Column, Index, Integer, MetaData, Table, Text, exc

from kernel.clock import FixedClock
from kernel.errors import TongbanError
from storage.database import open_database
from storage.migrations import current, difference, head, upgrade
from storage.migrations.generate import generate, stores
from storage.store import METADATA
from storage.tx import rows
from tests.postgres import new_database


def toys(*, more: bool) -> MetaData:
    metadata = MetaData()
    extra = [Column("colour", Text, nullable=True)] if more else []
    Table(
        "toy_thing",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", Text, unique=True),
        *extra,
        Index("toy_thing_name", "name", "id"),
    )
    return metadata


def test_a_fresh_database_comes_to_the_schema_of_the_metadata(
    tmp_path: Path, clock: FixedClock
) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    written = generate("first", {"storage": METADATA, "toy": toys(more=False)}, versions)
    assert [path.name for path in written] == ["0001_storage_first.py", "0002_toy_first.py"]
    url = f"sqlite:///{tmp_path}/hub.db"
    assert upgrade(url, [METADATA, toys(more=False)], versions) == "0002_toy_first"
    database = open_database(url, clock)
    assert current(database.engine) == head(versions)
    statement = (
        "INSERT INTO storage_journal (at, kind, subject, body) VALUES ('a', 'b', 'c', x'00')"
    )
    database.transactions.housekeep(lambda tx: rows(tx).exec_driver_sql(statement))
    with pytest.raises(exc.IntegrityError, match="append-only"):
        database.transactions.housekeep(
            lambda tx: rows(tx).exec_driver_sql("DELETE FROM storage_journal")
        )
    database.close()


def test_a_changed_room_gets_a_revision_of_its_own_and_nothing_else_does(tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    generate("first", {"storage": METADATA, "toy": toys(more=False)}, versions)
    assert generate("again", {"storage": METADATA, "toy": toys(more=False)}, versions) == []
    url = f"sqlite:///{tmp_path}/hub.db"
    upgrade(url, [METADATA, toys(more=False)], versions)
    written = generate("colour", {"storage": METADATA, "toy": toys(more=True)}, versions)
    assert [path.name for path in written] == ["0003_toy_colour.py"]
    assert upgrade(url, [METADATA, toys(more=True)], versions) == "0003_toy_colour"


def test_a_schema_that_differs_from_the_metadata_is_refused_and_named(tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    generate("first", {"storage": METADATA, "toy": toys(more=False)}, versions)
    with pytest.raises(TongbanError, match="schema-differs") as caught:
        upgrade(f"sqlite:///{tmp_path}/hub.db", [METADATA, toys(more=True)], versions)
    assert "colour" in caught.value.params["difference"]


def test_tables_made_directly_equal_the_metadata(tmp_path: Path, clock: FixedClock) -> None:
    database = open_database(f"sqlite:///{tmp_path}/hub.db", clock)
    database.create()
    with database.engine.connect() as connection:
        assert difference(connection, [METADATA]) == ()
    database.close()


def test_the_rooms_tables_bear_the_rooms_names() -> None:
    for room, metadata in stores(("storage", "audit")).items():
        assert all(name.startswith(f"{room}_") for name in metadata.tables)


def test_a_database_made_directly_joins_the_chain_if_it_equals_the_metadata(
    tmp_path: Path, clock: FixedClock
) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    generate("first", {"storage": METADATA, "toy": toys(more=False)}, versions)
    url = f"sqlite:///{tmp_path}/hub.db"
    database = open_database(url, clock)
    database.create(toys(more=False))
    with pytest.raises(TongbanError, match="schema-differs"):
        upgrade(url, [METADATA, toys(more=True)], versions)
    assert current(database.engine) == ""
    assert upgrade(url, [METADATA, toys(more=False)], versions) == "0002_toy_first"
    assert current(database.engine) == "0002_toy_first"
    database.close()


@pytest.mark.services
def test_processes_that_start_together_on_an_empty_postgresql_make_its_tables_once(
    postgres_url: str,
) -> None:
    url = new_database(postgres_url)
    script = (
        "import sys; from hub.schema import metadatas; from storage.migrations import upgrade;"
        "found = metadatas(); sys.stdin.readline(); print(upgrade(sys.argv[1], found))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(3)
    ]
    for child in started:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    assert {child.communicate(timeout=60)[0].strip() for child in started} == {head()}
