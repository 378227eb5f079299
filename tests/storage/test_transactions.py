from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, exc, insert, select, text

from kernel.actors import system
from kernel.errors import Refused
from kernel.ports import Event, Tx
from storage.database import Database
from storage.transactions import rows
from tests.storage.engines import make_database

__all__ = ["make_database"]

META = MetaData()
THINGS = Table(
    "toy_thing", META, Column("id", Integer, primary_key=True), Column("name", Text, unique=True)
)
ACTOR = system("toy")


def add(name: str) -> Callable[[Tx], str]:
    def work(tx: Tx) -> str:
        rows(tx).execute(insert(THINGS).values(name=name))
        tx.record(Event("toy.added", name, ACTOR, {"n": 1}))
        return name

    return work


def names(database: Database) -> list[str]:
    return database.transactions.read(
        lambda tx: list(rows(tx).execute(select(THINGS.c.name).order_by(THINGS.c.id)).scalars())
    )


def test_a_write_commits_state_and_journal_together(make_database: Callable[..., Database]) -> None:
    db = make_database(META)
    done = db.transactions.write(add("a"))
    assert (done.value, done.journal) == ("a", (1,))
    assert names(db) == ["a"]
    journal = db.transactions.read(lambda tx: db.journal.after(tx, 0, 10))
    assert [(row.no, row.kind, row.subject) for row in journal] == [(1, "toy.added", "a")]
    assert journal[0].body == (
        b'{"actor":{"division":"","id":"system:toy","kind":"system","org":"","window":""},'
        b'"at":"2026-03-02T01:00:00.000Z","data":{"n":1},"kind":"toy.added","subject":"a","v":1}'
    )


def test_a_write_without_event_is_refused_and_leaves_nothing(
    make_database: Callable[..., Database],
) -> None:
    db = make_database(META)
    with pytest.raises(RuntimeError, match="record"):
        db.transactions.write(lambda tx: rows(tx).execute(insert(THINGS).values(name="x")))
    assert names(db) == []


def test_recording_is_forbidden_in_reads_and_housekeeping(
    make_database: Callable[..., Database],
) -> None:
    db = make_database(META)
    for run in (db.transactions.read, db.transactions.housekeep):
        with pytest.raises(RuntimeError, match="record"):
            run(
                add("x")
                if run == db.transactions.housekeep
                else (lambda tx: tx.record(Event("a.b", "c", ACTOR)))
            )
    assert names(db) == []


def test_reads_cannot_write(make_database: Callable[..., Database]) -> None:
    db = make_database(META)
    with pytest.raises(Exception, match=r"readonly|read-only|store-unwritable"):
        db.transactions.read(lambda tx: rows(tx).execute(insert(THINGS).values(name="x")))


def test_a_refusal_commits(make_database: Callable[..., Database]) -> None:
    db = make_database(META)

    def work(tx: Tx) -> Refused:
        tx.record(Event("toy.add-refused", "a", ACTOR))
        return Refused("no")

    assert db.transactions.write(work).value == Refused("no")
    assert len(db.transactions.read(lambda tx: db.journal.about(tx, "a"))) == 1


def test_many_works_share_commits_and_a_failing_one_takes_back_only_itself(
    make_database: Callable[..., Database],
) -> None:
    db = make_database(META)
    gate = threading.Event()

    def first(tx: Tx) -> str:
        gate.wait(5)
        return add("first")(tx)

    futures = [db.transactions.submit(first)]
    futures += [db.transactions.submit(add(f"n{i % 40}")) for i in range(60)]
    gate.set()
    failed = [f for f in futures if isinstance(f.exception(), exc.IntegrityError)]
    assert len(failed) == 20
    assert len(names(db)) == 41
    numbers = [n for f in futures if not f.exception() for n in f.result().journal]
    assert sorted(numbers) == list(range(1, 42))


def test_a_work_may_not_write_inside_itself(make_database: Callable[..., Database]) -> None:
    db = make_database(META)
    with pytest.raises(RuntimeError, match="may not start another write"):
        db.transactions.write(lambda tx: db.transactions.write(add("x")))


def test_a_transaction_is_dead_after_its_end(make_database: Callable[..., Database]) -> None:
    db = make_database(META)
    kept: list[Tx] = []
    db.transactions.read(kept.append)
    with pytest.raises(RuntimeError, match="ended"):
        rows(kept[0])
    with pytest.raises(RuntimeError, match="ended"):
        kept[0].record(Event("a.b", "c", ACTOR))


@pytest.mark.parametrize(
    "statement", ["UPDATE storage_journal SET kind='x'", "DELETE FROM storage_journal"]
)
def test_the_journal_refuses_change(make_database: Callable[..., Database], statement: str) -> None:
    db = make_database(META)
    db.transactions.write(add("a"))
    with pytest.raises(exc.IntegrityError, match="append-only"):
        db.transactions.housekeep(lambda tx: rows(tx).execute(text(statement)))
