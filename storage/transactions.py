"""The one way to change and to read state: SQLite with group commit, PostgreSQL with retries."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine, exc

from kernel.clock import Clock
from kernel.ports import Probe, Recorded, Tx
from storage.failures import may_retry, translated
from storage.group import Group
from storage.tx import SqlTx, rows

__all__ = ["PostgresTransactions", "SqliteTransactions", "rows", "run"]

T = TypeVar("T")

_ATTEMPTS = 12
_THREADS = 8


def run(
    connection: Connection, clock: Clock, work: Callable[[Tx], T], *, recording: bool
) -> Recorded[T]:
    """Run ``work`` on an open transaction without committing.

    Raises RuntimeError when a recording work records nothing: a change nobody can account for.
    """
    tx = SqlTx(connection, clock.now(), recording)
    try:
        value = work(tx)
    finally:
        tx.alive = False
    if recording and not tx.numbers:
        raise RuntimeError("a write must record at least one event")
    return Recorded(value, tuple(tx.numbers))


def read(engine: Engine, clock: Clock, query: Callable[[Tx], T]) -> T:
    """Run ``query`` on one snapshot and roll back."""
    with translated(), engine.connect() as connection, connection.begin() as scope:
        try:
            return run(connection, clock, query, recording=False).value
        finally:
            scope.rollback()


class SqliteTransactions:
    """Implements ``kernel.ports.Transactions``: one writer thread, many works per commit."""

    def __init__(self, writer: Engine, reader: Engine, clock: Clock, probe: Probe) -> None:
        self._reader = reader
        self._clock = clock
        self._group = Group(writer, clock, probe, run)

    def write(self, work: Callable[[Tx], T]) -> Recorded[T]:
        """Run ``work`` and return after the durable commit it shares with its neighbours."""
        return self.submit(work).result()

    def submit(self, work: Callable[[Tx], T]) -> Future[Recorded[T]]:
        """Queue ``work``; the future ends after the durable commit."""
        return self._group.put(work, recording=True)

    def read(self, query: Callable[[Tx], T]) -> T:
        """Run ``query`` on a consistent snapshot."""
        return read(self._reader, self._clock, query)

    def housekeep(self, work: Callable[[Tx], T]) -> T:
        """Run ``work`` without an event."""
        return self._group.put(work, recording=False).result().value

    def close(self) -> None:
        """Finish what is queued and stop the thread."""
        self._group.close()


class PostgresTransactions:
    """Implements ``kernel.ports.Transactions``: one serialisable transaction for each work."""

    def __init__(self, writer: Engine, reader: Engine, clock: Clock, probe: Probe) -> None:
        self._writer = writer
        self._reader = reader
        self._clock = clock
        self._probe = probe
        self._pool = ThreadPoolExecutor(_THREADS, "transactions")
        self._working = threading.local()

    def write(self, work: Callable[[Tx], T]) -> Recorded[T]:
        """Run ``work``, again if PostgreSQL cannot serialise it, and return after the commit."""
        return self._commit(work, recording=True)

    def submit(self, work: Callable[[Tx], T]) -> Future[Recorded[T]]:
        """Run ``work`` on a small pool of threads."""
        self._refuse_inside()
        return self._pool.submit(self._commit, work, recording=True)

    def read(self, query: Callable[[Tx], T]) -> T:
        """Run ``query`` on a consistent snapshot."""
        return read(self._reader, self._clock, query)

    def housekeep(self, work: Callable[[Tx], T]) -> T:
        """Run ``work`` without an event."""
        return self._commit(work, recording=False).value

    def close(self) -> None:
        """Wait for submitted works and stop the threads."""
        self._pool.shutdown()

    def _refuse_inside(self) -> None:
        """Raise RuntimeError inside a work: its own commit would stand when the outer one fails."""
        if getattr(self._working, "inside", False):
            raise RuntimeError("a work may not start another write: it would stand by itself")

    def _commit(self, work: Callable[[Tx], T], *, recording: bool) -> Recorded[T]:
        self._refuse_inside()
        with translated():
            for attempt in range(_ATTEMPTS - 1):
                try:
                    return self._once(work, recording=recording)
                except exc.DBAPIError as error:
                    if not may_retry(error):
                        raise
                    # Full jitter keeps racers from meeting again; at most about a second.
                    time.sleep(random.uniform(0, min(1.0, 0.005 * 2**attempt)))  # noqa: S311 - jitter
            return self._once(work, recording=recording)

    def _once(self, work: Callable[[Tx], T], *, recording: bool) -> Recorded[T]:
        with self._writer.connect() as connection, connection.begin() as scope:
            self._working.inside = True
            try:
                answer = run(connection, self._clock, work, recording=recording)
            finally:
                self._working.inside = False
            with self._probe.durable("storage.commit"):
                scope.commit()
            return answer
