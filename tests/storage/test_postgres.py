"""The same promises on a real PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, exc, insert, select, text, update

from kernel.actors import system
from kernel.clock import FixedClock
from kernel.ports import Event, Tx
from storage.database import Database, open_database
from storage.leases import epoch_of
from storage.probe import NoProbe
from storage.transactions import rows
from storage.writing import insert_if_absent, upsert

pytestmark = pytest.mark.services

META = MetaData()
THINGS = Table("toy_thing", META, Column("id", Text, primary_key=True), Column("n", Integer))
ACTOR = system("toy")


@pytest.fixture
def db(postgres_url: str, clock: FixedClock) -> Iterator[Database]:
    database = open_database(postgres_url, clock, NoProbe())
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.create(META)
    yield database
    database.close()


def event(subject: str) -> Event:
    return Event("toy.done", subject, ACTOR)


def test_racing_increments_are_serialised_and_none_is_lost(db: Database) -> None:
    def begin(tx: Tx) -> None:
        rows(tx).execute(insert(THINGS).values(id="x", n=0))
        tx.record(event("x"))

    def more(tx: Tx) -> int:
        n = int(rows(tx).execute(select(THINGS.c.n).where(THINGS.c.id == "x")).scalar_one())
        rows(tx).execute(update(THINGS).values(n=n + 1))
        tx.record(event("x"))
        return n + 1

    db.transactions.write(begin)
    futures = [db.transactions.submit(more) for _ in range(40)]
    assert sorted(future.result(60).value for future in futures) == list(range(1, 41))


def test_a_reader_never_steps_over_a_number_that_commits_late(db: Database) -> None:
    inside, leave = threading.Event(), threading.Event()

    def slow(tx: Tx) -> None:
        tx.record(event("slow"))
        inside.set()
        leave.wait(20)

    def quick(tx: Tx) -> None:
        tx.record(event("quick"))

    late = db.transactions.submit(slow)
    assert inside.wait(20)
    db.transactions.write(quick)
    assert db.transactions.read(lambda tx: db.journal.after(tx, 0, 10)) == []
    leave.set()
    late.result(20)
    found = db.transactions.read(lambda tx: db.journal.after(tx, 0, 10))
    assert [row.subject for row in found] == ["slow", "quick"]


def test_a_cursor_over_racing_and_failing_writers_sees_every_entry_once(db: Database) -> None:
    stop = threading.Event()
    seen: list[int] = []

    def follow() -> None:
        while True:
            ending = stop.is_set()
            found = db.transactions.read(
                lambda tx: db.journal.after(tx, seen[-1] if seen else 0, 50)
            )
            seen.extend(row.no for row in found)
            if ending and not found:
                return

    def work(n: int) -> Callable[[Tx], None]:
        def run(tx: Tx) -> None:
            tx.record(event(str(n)))
            tx.record(event(f"{n}b"))
            if n % 7 == 0:
                raise ValueError("fails")

        return run

    follower = threading.Thread(target=follow)
    follower.start()
    futures = [db.transactions.submit(work(n)) for n in range(200)]
    kept = [
        no for future in futures if future.exception(60) is None for no in future.result().journal
    ]
    stop.set()
    follower.join(60)
    assert seen == sorted(kept)


def test_the_journal_refuses_change(db: Database) -> None:
    db.transactions.write(lambda tx: tx.record(event("a")))
    for statement in (
        "UPDATE storage_journal SET kind='x'",
        "DELETE FROM storage_journal",
        "TRUNCATE storage_journal",
    ):
        with pytest.raises(exc.IntegrityError, match="append-only"):
            db.transactions.housekeep(lambda tx, s=statement: rows(tx).execute(text(s)))


def test_one_of_many_racers_gets_a_unique_key(db: Database) -> None:
    def race(tx: Tx) -> bool:
        won = insert_if_absent(tx, THINGS, {"id": "x", "n": 1})
        tx.record(event("won" if won else "lost"))
        return won

    futures = [db.transactions.submit(race) for _ in range(24)]
    assert sum(future.result(60).value for future in futures) == 1


def test_upsert_replaces(db: Database) -> None:
    for n in (1, 2):
        db.transactions.housekeep(lambda tx, n=n: upsert(tx, THINGS, {"id": "x", "n": n}))
    assert db.transactions.read(
        lambda tx: rows(tx).execute(select(THINGS.c.n)).scalars().all()
    ) == [2]


def test_reads_cannot_write(db: Database) -> None:
    with pytest.raises(exc.DBAPIError, match="read-only"):
        db.transactions.read(lambda tx: rows(tx).execute(insert(THINGS).values(id="x")))


def test_leases_fence(db: Database, clock: FixedClock) -> None:
    assert db.leases.acquire("duty", "a", 10) == 1
    assert db.leases.acquire("duty", "b", 10) is None
    clock.advance(seconds=11)
    assert db.leases.acquire("duty", "b", 10) == 2
    assert db.transactions.read(lambda tx: epoch_of(tx, "duty")) == 2


def test_migrations_equal_the_metadata(db: Database, postgres_url: str, tmp_path: object) -> None:
    from pathlib import Path

    from storage.migrations import upgrade
    from storage.migrations.generate import generate
    from storage.store import METADATA

    with db.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    versions = Path(str(tmp_path))
    generate("first", {"storage": METADATA, "toy": META}, versions)
    assert upgrade(postgres_url, [METADATA, META], versions) == "0002_toy_first"
    db.transactions.write(lambda tx: tx.record(event("a")))
    with pytest.raises(exc.IntegrityError, match="append-only"):
        db.transactions.housekeep(lambda tx: rows(tx).execute(text("DELETE FROM storage_journal")))
