from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import MetaData

from kernel.clock import FixedClock
from storage.database import Database, open_database
from storage.objects.folder import FolderObjects
from storage.probe import NoProbe
from storage.vault import AeadVault
from tests import proven
from tests.objectservers import Server
from tests.objectservers import running as serving
from tests.postgres import running
from tests.servers import CannotBeHadError

MakeDatabase = Callable[..., Database]
ObjectServers = Callable[[str], Server]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))


@pytest.fixture
def make_database(tmp_path: Path, clock: FixedClock) -> Iterator[MakeDatabase]:
    """``make_database(*metadatas, name="hub")`` opens a fresh SQLite file with the tables made."""
    opened: list[Database] = []

    def make(*metadatas: MetaData, name: str = "hub") -> Database:
        database = open_database(f"sqlite:///{tmp_path / name}.db", clock, NoProbe())
        database.create(*metadatas)
        opened.append(database)
        return database

    yield make
    for database in opened:
        database.close()


@pytest.fixture
def objects(tmp_path: Path) -> FolderObjects:
    return FolderObjects(tmp_path / "objects", NoProbe())


@pytest.fixture
def vault() -> AeadVault:
    return AeadVault(bytes(range(32)))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a real server of the tests' own; skips by name where none is installed."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(running())
        except CannotBeHadError as reason:
            pytest.skip(str(reason))
        yield url


@pytest.fixture(scope="session")
def object_servers() -> Iterator[ObjectServers]:
    """``object_servers("minio")`` is that S3 server, running; skips by name where it cannot be had."""
    with ExitStack() as stack:
        started: dict[str, Server] = {}

        def server(name: str) -> Server:
            if name not in started:
                try:
                    started[name] = stack.enter_context(serving(name))
                except CannotBeHadError as reason:
                    pytest.skip(str(reason))
            proven.used(name)
            return started[name]

        yield server


def pytest_runtest_setup(item: pytest.Item) -> None:
    proven.begin()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and report.passed:
        proven.passed(item)
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell which real servers were used; kept for the table in the docs."""
    if found := proven.rows():
        terminalreporter.section("servers proven live")
        terminalreporter.write_line(proven.table(found))
        if config.option.markexpr == "services":
            proven.keep(found)
