"""Opens the hub's one database."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, exc, make_url
from sqlalchemy.engine import URL

from kernel.clock import Clock
from kernel.errors import TongbanError
from kernel.ports import Probe
from storage.errors import Code
from storage.failures import of_files, translated
from storage.journal import SqlJournal
from storage.leases import SqlLeases
from storage.probe import from_environment
from storage.store import METADATA
from storage.transactions import PostgresTransactions, SqliteTransactions

BUSY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Database:
    """One open database and the ports over it. ``engine`` is for migrations and checks."""

    transactions: SqliteTransactions | PostgresTransactions
    journal: SqlJournal
    leases: SqlLeases
    engine: Engine
    reader: Engine

    def create(self, *metadatas: MetaData) -> None:
        """Create the tables of storage and of the given rooms where they are missing."""
        with translated(), self.engine.begin() as connection:
            for metadata in (METADATA, *metadatas):
                metadata.create_all(connection)

    def close(self) -> None:
        """Finish queued works and close all connections."""
        self.transactions.close()
        self.engine.dispose()
        self.reader.dispose()


def open_database(url: str, clock: Clock, probe: Probe | None = None) -> Database:
    """Open ``sqlite:///path`` or ``postgresql://user:password@host/name``.

    Several processes may open the same SQLite file. Without ``probe`` the environment decides
    (``storage.probe``). Raises TongbanError ``database-url`` or ``database-unavailable``.
    """
    probe = probe or from_environment()
    writer, reader = engines(url)
    if writer.dialect.name == "sqlite":
        sqlite = SqliteTransactions(writer, reader, clock, probe)
        return Database(sqlite, SqlJournal(reader), SqlLeases(sqlite, clock), writer, reader)
    postgres = PostgresTransactions(writer, reader, clock, probe)
    fresh = reader.execution_options(isolation_level="READ COMMITTED")
    return Database(postgres, SqlJournal(fresh), SqlLeases(postgres, clock), writer, reader)


def engines(url: str) -> tuple[Engine, Engine]:
    """Return the writing and the reading engine of an address, connected once to prove it."""
    try:
        parsed = make_url(url)
    except exc.ArgumentError as error:
        raise TongbanError(Code.DATABASE_URL, scheme=url.partition(":")[0]) from error
    scheme = parsed.get_backend_name()
    if scheme == "sqlite" and parsed.database not in {None, "", ":memory:"}:
        return _sqlite(parsed)
    if scheme == "postgresql":
        return _postgres(parsed)
    raise TongbanError(Code.DATABASE_URL, scheme=scheme)


def _sqlite(url: URL) -> tuple[Engine, Engine]:
    with of_files("database"):
        Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {
        "connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False},
        "hide_parameters": True,  # an error's text must not carry a row's values into a log
    }
    writer = create_engine(url, pool_size=1, max_overflow=2, **options)
    reader = create_engine(url, pool_size=8, max_overflow=24, **options)
    event.listen(writer, "connect", _writing)
    event.listen(reader, "connect", _reading)
    event.listen(writer, "begin", _begin_immediate)
    event.listen(reader, "begin", _begin)
    with translated(), writer.connect():
        return writer, reader


def _writing(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by hand: see _begin_immediate
    for pragma in ("busy_timeout=30000", "synchronous=FULL", "foreign_keys=OFF"):
        connection.execute(f"PRAGMA {pragma}")
    _wal(connection)
    connection.execute("PRAGMA wal_autocheckpoint=4000")
    connection.execute("PRAGMA journal_size_limit=67108864")


def _reading(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA query_only=ON")


def _wal(connection: Any) -> None:
    """Switch to WAL. The switch ignores the busy timeout when two processes race for it."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except connection.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_immediate(connection: Connection) -> None:
    # IMMEDIATE takes the write lock at once, where the busy timeout applies; a deferred
    # transaction would fail without waiting when it turns from reading to writing.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    # Straight to the driver: of a read that finds one row this statement is a third.
    raw: Any = connection.connection.driver_connection
    raw.execute("BEGIN")


def _postgres(url: URL) -> tuple[Engine, Engine]:
    url = url.set(drivername="postgresql+psycopg")
    options: dict[str, Any] = {
        "pool_pre_ping": True,
        "connect_args": {"connect_timeout": 10},
        "hide_parameters": True,
    }
    writer = create_engine(
        url, isolation_level="SERIALIZABLE", pool_size=10, max_overflow=20, **options
    )
    reader = create_engine(
        url, isolation_level="REPEATABLE READ", pool_size=10, max_overflow=20, **options
    )
    event.listen(reader, "begin", _read_only)
    with translated(), writer.connect():
        return writer, reader


def _read_only(connection: Connection) -> None:
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")
