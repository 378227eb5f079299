"""Group commit when the database is away, full, or the caller no longer waits."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import create_engine, exc

from kernel.clock import FixedClock
from kernel.errors import TongbanError
from kernel.ids import JournalNo
from kernel.ports import Recorded, Tx
from storage.group import Group, Run
from storage.probe import NoProbe


class Away:
    """An engine that cannot be reached until told; ``first`` happens at the first attempt."""

    def __init__(self, first: Callable[[], object] = lambda: None) -> None:
        self.real = create_engine("sqlite://")
        self.first: Callable[[], object] | None = first

    def connect(self) -> Any:
        if self.first is not None:
            self.first()
            self.first = None
            raise exc.OperationalError("", {}, Exception("unable to open database file"))
        return self.real.connect()


class Full(NoProbe):
    """Lets the first commit fail as a full disk does."""

    failed = False

    @contextmanager
    def durable(self, name: str) -> Iterator[None]:
        if not self.failed:
            self.failed = True
            raise OSError(errno.ENOSPC, "No space left on device")
        yield


def run(
    connection: Any, clock: Any, work: Callable[[Tx], Any], *, recording: bool
) -> Recorded[Any]:
    assert connection is not None
    assert clock is not None
    return Recorded(work(None), (JournalNo(int(recording)),))  # type: ignore[arg-type]  # nothing looks inside


def group(engine: Any, clock: FixedClock, probe: Any = None) -> Group:
    done: Run = run
    return Group(engine, clock, probe or NoProbe(), done)


def test_a_database_that_is_away_is_told_and_tried_again_for_the_next(clock: FixedClock) -> None:
    writer = group(Away(), clock)
    with pytest.raises(TongbanError) as caught:
        writer.put(lambda _: 1, recording=True).result(10)
    assert caught.value.code == "store-unwritable"
    assert writer.put(lambda _: 2, recording=True).result(10).value == 2
    writer.close()


def test_a_caller_that_gave_up_meanwhile_does_not_end_the_writer(clock: FixedClock) -> None:
    waiting: list[Future[Any]] = []
    queued = threading.Event()

    def give_up() -> None:
        assert queued.wait(10)
        assert waiting[0].cancel()

    writer = group(Away(give_up), clock)
    waiting.append(writer.put(lambda _: 1, recording=True))
    queued.set()
    with pytest.raises(CancelledError):
        waiting[0].result(10)
    assert writer.put(lambda _: 2, recording=True).result(10).value == 2
    writer.close()


def test_a_full_disk_at_the_commit_is_told_to_everyone_in_the_batch(clock: FixedClock) -> None:
    started = threading.Event()

    def slow(_: Tx) -> int:
        assert started.wait(10)
        return 1

    writer = group(create_engine("sqlite://"), clock, Full())
    first = writer.put(slow, recording=True)
    second = writer.put(lambda _: 2, recording=True)
    started.set()
    with pytest.raises(OSError, match="No space left"):
        first.result(10)
    assert writer.put(lambda _: 3, recording=True).result(10).value == 3
    assert second.done()
    writer.close()


def test_works_given_up_before_their_turn_are_not_run(clock: FixedClock) -> None:
    turn, ran = threading.Event(), []

    def slow(_: Tx) -> int:
        assert turn.wait(10)
        return 1

    writer = group(create_engine("sqlite://"), clock)
    first = writer.put(slow, recording=True)
    second = writer.put(lambda _: ran.append(2), recording=True)
    assert second.cancel()
    turn.set()
    assert first.result(10).value == 1
    writer.close()
    assert ran == []


def test_what_is_queued_is_finished_before_closing_and_nothing_after(clock: FixedClock) -> None:
    writer = group(create_engine("sqlite://"), clock)
    writer.close()
    with pytest.raises(RuntimeError, match="closed"):
        writer.put(lambda _: 1, recording=True)
    busy = group(create_engine("sqlite://"), clock)
    futures = [busy.put(partial(_same, n), recording=True) for n in range(600)]
    busy.close()
    assert [one.result(0).value for one in futures] == list(range(600))


def _same(number: int, _: Tx) -> int:
    return number
