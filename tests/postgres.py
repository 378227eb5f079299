"""A private PostgreSQL for tests: its own folder and port, stopped by its own process id."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text

from tests import servers
from tests.servers import free_port

__all__ = ["free_port", "new_database", "running"]


@contextmanager
def running() -> Iterator[str]:
    """Start a fresh cluster and yield its address; raises CannotBeHadError."""
    with servers.running("postgres", POSTGRES_OPTIONS="-c fsync=off") as server:
        yield server.url


def new_database(url: str, name: str = "") -> str:
    """Make a database in the cluster of ``url`` and return its address."""
    name = name or f"hub_{secrets.token_hex(6)}"
    address = url.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{url.rsplit('/', 1)[0]}/{name}"
