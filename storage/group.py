"""Group commit for SQLite: one thread runs many works in one transaction.

A durable commit costs a disk flush whatever it holds; while one flush runs, the next works queue
up, so that the batch size follows the load by itself. A SAVEPOINT each keeps works apart.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, exc

from kernel.clock import Clock
from kernel.ports import Probe, Recorded, Tx
from storage.failures import of_database

T = TypeVar("T")

_MOST_WORKS = 512
_MOST_SECONDS = 0.02
"""A work that arrives late waits at most this long for the batch before it, plus the flush."""


class Run(Protocol):
    """Runs one work on an open transaction; ``storage.transactions.run``."""

    def __call__(
        self, connection: Connection, clock: Clock, work: Callable[[Tx], Any], *, recording: bool
    ) -> Recorded[Any]:
        """Return the result; raise what the work raises."""


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[Tx], Any]
    recording: bool
    future: Future[Recorded[Any]]


@dataclass(slots=True)
class _Batch:
    taken: list[_Job] = field(default_factory=list)
    done: list[tuple[_Job, Recorded[Any] | Exception]] = field(default_factory=list)
    last: bool = False


class Group:
    """The queue and its thread, which starts with the first work."""

    def __init__(self, engine: Engine, clock: Clock, probe: Probe, run: Run) -> None:
        self._engine = engine
        self._clock = clock
        self._probe = probe
        self._run = run
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def put(self, work: Callable[[Tx], T], *, recording: bool) -> Future[Recorded[T]]:
        """Queue a work. RuntimeError after ``close`` and from inside another work."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("a work may not start another write: it would wait for itself")
        future: Future[Recorded[T]] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError("the database is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="writer", daemon=True)
                self._thread.start()
            self._queue.put(_Job(work, recording, future))
        return future

    def close(self) -> None:
        """Finish what is queued, then stop."""
        with self._lock:
            self._closed = True
            thread = self._thread
            self._queue.put(None)
        if thread is not None:
            thread.join()

    def _serve(self) -> None:
        while (job := self._queue.get()) is not None:
            batch = _Batch()
            try:
                self._batch(job, batch)
            except BaseException as error:  # noqa: BLE001 - every waiting caller must get its answer
                failure = of_database(error) if isinstance(error, exc.DBAPIError) else error
                for one in batch.taken or [job]:
                    # A caller may have given up before the database could be reached.
                    with suppress(InvalidStateError):
                        one.future.set_exception(failure)
            else:
                for one, answer in batch.done:
                    if isinstance(answer, Exception):
                        one.future.set_exception(answer)
                    else:
                        one.future.set_result(answer)
            if batch.last:
                return

    def _batch(self, job: _Job, batch: _Batch) -> None:
        """Run works until the queue is empty or the batch is full, then commit."""
        until = time.monotonic() + _MOST_SECONDS
        following: _Job | None = job
        with self._engine.connect() as connection, connection.begin() as scope:
            while following is not None:
                if following.future.set_running_or_notify_cancel():
                    batch.taken.append(following)
                    self._one(connection, following, batch)
                if len(batch.taken) >= _MOST_WORKS or time.monotonic() > until:
                    break
                try:
                    following = self._queue.get_nowait()
                except queue.Empty:
                    break
            batch.last = following is None
            with self._probe.durable("storage.commit"):
                scope.commit()

    def _one(self, connection: Connection, job: _Job, batch: _Batch) -> None:
        """Run one work in its savepoint; a work that raises takes back only itself."""
        # Straight to the driver: three fixed statements for each work are half of its cost.
        raw: Any = connection.connection.driver_connection
        raw.execute("SAVEPOINT work")
        try:
            answer = self._run(connection, self._clock, job.work, recording=job.recording)
        except Exception as error:
            if not raw.in_transaction:
                # SQLite gave up the whole transaction (full disk): nobody's work was kept.
                raise
            raw.execute("ROLLBACK TO work")
            raw.execute("RELEASE work")
            failure = of_database(error) if isinstance(error, exc.DBAPIError) else error
            batch.done.append((job, failure))
        else:
            raw.execute("RELEASE work")
            batch.done.append((job, answer))
