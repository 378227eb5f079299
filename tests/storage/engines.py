"""``make_database`` on SQLite and, under the mark ``services``, on a real PostgreSQL: one contract for both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import MetaData

from kernel.clock import FixedClock
from storage.database import Database, open_database
from storage.probe import NoProbe
from tests import proven
from tests.postgres import new_database

ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.services)]


@pytest.fixture(params=ENGINES)
def make_database(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock
) -> Iterator[Callable[..., Database]]:
    """``make_database(*metadatas, name="hub")`` opens a database of its own with the tables made."""
    opened: list[Database] = []

    def make(*metadatas: MetaData, name: str = "hub") -> Database:
        url = f"sqlite:///{tmp_path / name}.db"
        if request.param == "postgres":
            url = new_database(request.getfixturevalue("postgres_url"))
            proven.used("postgres")
        database = open_database(url, clock, NoProbe())
        opened.append(database)
        database.create(*metadatas)
        return database

    yield make
    for database in opened:
        database.close()
