"""kill -9 before and after every durable write of one ingest; the next run ends it, once."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from catalog.model import Outcome, State
from kernel.clock import FixedClock
from storage.probe import KillProbe, NoProbe, RecordingProbe
from tests.catalog.rig import HEAD, Rig, build, rows

TEXT = HEAD + rows(0, 100) + "c000001|测试乙|女\n坏\n" + rows(100, 60)
CLOCK = FixedClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))


def small(rig: Rig) -> Rig:
    spec = replace(rig.source.delivery, block_bytes=2000)
    known = replace(rig.source, delivery=spec)
    return replace(rig, ingest=replace(rig.ingest, sources={known.name: known}))


def child(home: str, number: int, before: bool) -> None:
    rig = small(build(Path(home), CLOCK, KillProbe("*", number, before=before)))
    rig.ingest.run(rig.actor, "roll-source")
    os._exit(0)


def state(rig: Rig) -> tuple[object, ...]:
    version = rig.catalog.versions(rig.actor, "roll")[0]  # type: ignore[index]
    records = [
        (record.row_key, tuple(record.values.values())) for record in rig.catalog.scan("roll")
    ]
    return version.id, version.counts, version.manifest, records


def test_every_durable_write_may_be_the_last(tmp_path: Path) -> None:
    probe = RecordingProbe()
    whole = small(build(tmp_path / "whole", CLOCK, probe))
    whole.deliver(TEXT)
    outcome = whole.ingest.run(whole.actor, "roll-source")
    assert isinstance(outcome, Outcome)
    writes = len(probe.names)
    assert {"catalog.part", "catalog.record", "objects.keep"} <= set(probe.names)
    assert len(whole.ingest.transactions.read(lambda tx: list(whole.catalog.scan("roll")))) == 160
    wanted = state(whole)
    spawned = multiprocessing.get_context("forkserver")
    spawned.set_forkserver_preload(["tests.catalog.rig", "polars", "pypinyin"])
    died = 0
    for number in range(1, writes + 1):
        for before in (True, False):
            home = tmp_path / f"{number}-{before}"
            rig = small(build(home, CLOCK, NoProbe()))
            rig.deliver(TEXT)
            process = spawned.Process(target=child, args=(str(home), number, before))
            process.start()
            process.join()
            died += process.exitcode == -signal.SIGKILL
            again = rig.ingest.run(rig.actor, "roll-source")
            assert isinstance(again, Outcome)
            assert again.state is State.PUBLISHED
            assert state(rig) == wanted, (probe.names[number - 1], before)
            assert len(rig.catalog.versions(rig.actor, "roll")) == 1  # type: ignore[arg-type]
            assert not list((home / "work").rglob("*.parquet"))
    assert died == 2 * writes
