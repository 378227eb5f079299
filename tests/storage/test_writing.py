from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, exc, select

from kernel.ports import Tx
from storage.database import Database
from storage.transactions import rows
from storage.writing import insert_all, insert_if_absent, upsert
from tests.storage.engines import make_database

__all__ = ["make_database"]

META = MetaData()
THINGS = Table(
    "toy_thing", META, Column("id", Text, primary_key=True), Column("n", Integer, unique=True)
)
KEYS = Table("toy_key", META, Column("id", Text, primary_key=True))


def test_a_taken_key_is_an_answer_and_changes_nothing(
    make_database: Callable[..., Database],
) -> None:
    db = make_database(META)
    put = db.transactions.housekeep
    assert put(lambda tx: insert_if_absent(tx, THINGS, {"id": "a", "n": 1}))
    assert not put(lambda tx: insert_if_absent(tx, THINGS, {"id": "a", "n": 2}))
    assert not put(lambda tx: insert_if_absent(tx, THINGS, {"id": "b", "n": 1}))
    assert db.transactions.read(
        lambda tx: [tuple(row) for row in rows(tx).execute(select(THINGS))]
    ) == [("a", 1)]


def test_upsert_replaces_the_row_of_the_same_key(make_database: Callable[..., Database]) -> None:
    db = make_database(META)

    def work(tx: Tx) -> None:
        upsert(tx, THINGS, {"id": "a", "n": 1})
        upsert(tx, THINGS, {"id": "a", "n": 5})
        upsert(tx, KEYS, {"id": "k"})
        upsert(tx, KEYS, {"id": "k"})

    db.transactions.housekeep(work)
    assert db.transactions.read(
        lambda tx: [tuple(row) for row in rows(tx).execute(select(THINGS))]
    ) == [("a", 5)]


def test_many_rows_go_in_at_once_or_not_at_all(make_database: Callable[..., Database]) -> None:
    db = make_database(META)
    db.transactions.housekeep(lambda tx: insert_all(tx, THINGS, []))
    with pytest.raises(exc.IntegrityError):
        db.transactions.housekeep(
            lambda tx: insert_all(tx, THINGS, [{"id": "a", "n": 1}, {"id": "a", "n": 2}])
        )
    assert db.transactions.read(lambda tx: rows(tx).execute(select(THINGS)).all()) == []
