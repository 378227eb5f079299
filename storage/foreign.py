"""Reads a database that belongs to somebody else: nothing is written, no wait is long, no pool.

One transaction sees one state of the data from its first statement to its last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, exc, make_url
from sqlalchemy.engine import URL

from kernel.errors import TongbanError
from storage.errors import Code
from storage.failures import sqlstate

CONNECT_SECONDS = 5
LOCK_SECONDS = 5
"""How long a statement waits for a table or a file that somebody else has locked."""
_SILENCE = 15
"""Seconds after which a server that stopped answering on the wire counts as gone."""


class Trouble(StrEnum):
    """What a driver's error means to somebody who only reads."""

    AWAY = "away"
    SLOW = "slow"
    DENIED = "denied"
    DAMAGED = "damaged"
    OTHER = "other"


@contextmanager
def reading(address: str, seconds: int) -> Iterator[Connection]:
    """Open a database for one read-only transaction; each statement may take ``seconds``.

    Addresses are ``sqlite:////path`` and ``postgresql://user:password@host/name``; for these the
    read-only transaction and the limits are known and tested. Dates and times are ISO texts, those
    with a zone in Beijing time. Raises TongbanError
    ``database-url`` for another address, and SQLAlchemy's DBAPIError, see ``trouble``.
    """
    try:
        url = make_url(address)
        make = _KINDS[url.get_backend_name()]
    except (exc.ArgumentError, KeyError) as error:
        raise TongbanError(Code.DATABASE_URL, scheme=address.partition(":")[0]) from error
    engine = make(url, seconds)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def trouble(error: exc.DBAPIError) -> Trouble:
    """Sort an error that a read has met."""
    name = getattr(error.orig, "sqlite_errorname", None)
    if name is not None:
        kinds = (kind for start, kind in _SQLITE.items() if name.startswith(start))
        return next(kinds, Trouble.OTHER)
    state, text = sqlstate(error), str(error.orig).lower()
    if "password authentication failed" in text or "timeout expired" in text:
        return Trouble.DENIED if "password" in text else Trouble.SLOW
    if not state:  # nobody was there to give one
        return Trouble.AWAY if isinstance(error, exc.OperationalError) else Trouble.OTHER
    kinds = (kind for start, kind in _POSTGRESQL.items() if state.startswith(start))
    return next(kinds, Trouble.OTHER)


_SQLITE = {
    "SQLITE_CANTOPEN": Trouble.AWAY,
    "SQLITE_IOERR": Trouble.AWAY,
    "SQLITE_BUSY": Trouble.SLOW,
    "SQLITE_LOCKED": Trouble.SLOW,
    "SQLITE_CORRUPT": Trouble.DAMAGED,
    "SQLITE_NOTADB": Trouble.DAMAGED,
    "SQLITE_AUTH": Trouble.DENIED,
    "SQLITE_PERM": Trouble.DENIED,
}
_POSTGRESQL = {
    "57014": Trouble.SLOW,
    "55P03": Trouble.SLOW,
    "42501": Trouble.DENIED,
    "28": Trouble.DENIED,
    "08": Trouble.AWAY,
    "57P": Trouble.AWAY,
    "53": Trouble.AWAY,
    "3D": Trouble.AWAY,
    "40001": Trouble.AWAY,  # a stand-by dropped our view of the data
    "XX": Trouble.DAMAGED,
}


def _sqlite(url: URL, seconds: int) -> Engine:
    """``mode=ro`` never makes a file, so that a database which is not there stays so."""
    if url.database in {None, "", ":memory:"} or str(url.database).startswith("file:"):
        raise TongbanError(Code.DATABASE_URL, scheme="sqlite")
    here = URL.create(
        "sqlite", database=f"file:{quote(str(url.database))}", query={"mode": "ro", "uri": "true"}
    )
    engine = create_engine(
        here,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"timeout": min(LOCK_SECONDS, seconds)},
    )
    event.listen(engine, "connect", _guard)
    event.listen(engine, "begin", _begin)
    return engine


def _guard(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the transaction is begun by hand: see _begin
    connection.text_factory = _text
    # a file of somebody else: its schema may neither write nor call what only ours may
    for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _text(raw: bytes) -> str | bytes:
    """Leave a text that is not UTF-8 as bytes: one bad cell must not end the whole read."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw


def _postgresql(url: URL, seconds: int) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        hide_parameters=True,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "prepare_threshold": None,  # a pooler between us may not know prepared statements
            "keepalives_idle": CONNECT_SECONDS,
            "keepalives_interval": CONNECT_SECONDS,
            "keepalives_count": 2,
            "tcp_user_timeout": _SILENCE * 1000,
        },
    )

    def limits(connection: Connection) -> None:
        # inside the transaction, because a pooler refuses options at the start of a session
        for name, value in _limits(seconds).items():
            connection.exec_driver_sql(f"SET LOCAL {name} = '{value}'")

    event.listen(engine, "connect", _times_as_text)
    event.listen(engine, "begin", limits)
    return engine


def _times_as_text(connection: Any, _record: object) -> None:
    """Take dates and times as the server writes them: ``infinity`` and years BC have no object."""
    from psycopg.types.string import TextLoader

    class Beijing(TextLoader):
        def load(self, data: Any) -> Any:
            return str(super().load(data)).removesuffix("+08")

    for name in ("date", "timestamp"):
        connection.adapters.register_loader(name, TextLoader)
    connection.adapters.register_loader("timestamptz", Beijing)


def _limits(seconds: int) -> Mapping[str, str]:
    return {
        "statement_timeout": f"{seconds}s",
        "lock_timeout": f"{LOCK_SECONDS}s",
        "datestyle": "ISO",
        # Beijing's as ``kernel.clock`` knows it, in POSIX's words: a server may lack zone names
        "timezone": "<+08>-08",
    }


_KINDS: Mapping[str, Callable[[URL, int], Engine]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
}
