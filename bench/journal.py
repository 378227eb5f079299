"""Journal entries a second through ``Transactions.submit`` against bare commits of the same rows.

Both peers write the same bytes into the same table of a fresh SQLite file in the same run, with
WAL and ``synchronous=FULL``: one row for each flushed commit, which is what a program without
group commit gets, and 64 rows for each, which is the limit of the disk and the driver together.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections import deque
from concurrent.futures import Future
from pathlib import Path
from statistics import median
from typing import Any

from kernel.actors import system
from kernel.clock import SystemClock, to_iso
from kernel.ports import Event, Recorded, Tx
from storage.database import Database, open_database
from storage.entries import body_of
from storage.probe import NoProbe

ENTRIES = 6000
SINGLE = 400
BATCH = 64
IN_FLIGHT = 256
ROUNDS = 3
ACTOR = system("bench", "410100")
INSERT = "INSERT INTO storage_journal (at, kind, subject, body) VALUES (?, ?, ?, ?)"


def event(number: int) -> Event:
    data: dict[str, Any] = {
        "matter": "11410100MB0TE0038G",
        "fields": ["name", "sex"],
        "request": "0" * 200,
    }
    return Event("certificates.fetched", f"req-{number:026d}", ACTOR, data)


def bare(folder: Path, name: str, rows: int, batch: int) -> float:
    """Return rows a second of plain sqlite3 with one flush for each batch."""
    url = f"sqlite:///{folder / name}.db"
    database = open_database(url, SystemClock(), NoProbe())
    database.create()
    database.close()
    now = SystemClock().now()
    events = [event(number) for number in range(rows)]
    values = [(to_iso(now), one.kind, one.subject, body_of(one, now)) for one in events]
    with sqlite3.connect(folder / f"{name}.db", isolation_level=None) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        start = time.perf_counter()
        for at in range(0, rows, batch):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(INSERT, values[at : at + batch])
            connection.execute("COMMIT")
        return rows / (time.perf_counter() - start)


def ours(database: Database, rows: int) -> tuple[float, float]:
    """Return entries a second with 256 works in flight, and the median wait for one in ms."""
    waiting: deque[tuple[float, Future[Recorded[None]]]] = deque()
    waits: list[float] = []

    def work(number: int) -> Any:
        def run(tx: Tx) -> None:
            tx.record(event(number))

        return run

    def settle() -> None:
        since, future = waiting.popleft()
        future.result()
        waits.append(time.perf_counter() - since)

    start = time.perf_counter()
    for number in range(rows):
        if len(waiting) >= IN_FLIGHT:
            settle()
        waiting.append((time.perf_counter(), database.transactions.submit(work(number))))
    while waiting:
        settle()
    return rows / (time.perf_counter() - start), median(waits) * 1000


def row(measure: str, value: float, unit: str, bar: float | None = None) -> dict[str, Any]:
    holds = bar is None or bool(value >= bar)
    return {"measure": measure, "value": round(value, 2), "unit": unit, "bar": bar, "holds": holds}


def run() -> list[dict[str, Any]]:
    single, batched, grouped, waits = [], [], [], []
    with tempfile.TemporaryDirectory() as name:
        for number in range(ROUNDS):  # in turns, so that a noisy neighbour meets all three alike
            folder = Path(name) / str(number)
            folder.mkdir()
            single.append(bare(folder, "single", SINGLE, 1))
            batched.append(bare(folder, "batched", ENTRIES, BATCH))
            database = open_database(f"sqlite:///{folder}/ours.db", SystemClock(), NoProbe())
            database.create()
            rate, wait = ours(database, ENTRIES)
            database.close()
            grouped.append(rate)
            waits.append(wait)
    return [
        row("journal entries through Transactions.submit", median(grouped), "entries/s"),
        row("bare commit of each row, flushed", median(single), "rows/s"),
        row("bare commit of 64 rows, flushed", median(batched), "rows/s"),
        row(
            "submit against a bare flushed commit of each row",
            median(grouped) / median(single),
            "times",
            5,
        ),
        row(
            "submit against a bare flushed commit of 64 rows",
            median(grouped) / median(batched),
            "times",
        ),
        row("median wait for one entry, 256 in flight", median(waits), "ms"),
    ]
