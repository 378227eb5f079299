from __future__ import annotations

from collections.abc import Callable

from kernel.clock import FixedClock
from storage.database import Database
from storage.leases import epoch_of
from tests.storage.engines import make_database

__all__ = ["make_database"]


def test_one_holder_at_a_time_and_each_new_one_has_a_larger_epoch(
    make_database: Callable[..., Database], clock: FixedClock
) -> None:
    db = make_database()
    assert db.transactions.read(lambda tx: epoch_of(tx, "duty")) == 0
    assert db.leases.acquire("duty", "a", 10) == 1
    assert db.leases.acquire("duty", "b", 10) is None
    assert db.leases.acquire("other", "b", 10) == 1
    clock.advance(seconds=9)
    assert db.leases.acquire("duty", "a", 10) == 1
    clock.advance(seconds=9)
    assert db.leases.acquire("duty", "b", 10) is None
    clock.advance(seconds=1)
    assert db.leases.acquire("duty", "b", 10) == 2
    assert db.leases.acquire("duty", "a", 10) is None
    assert db.transactions.read(lambda tx: epoch_of(tx, "duty")) == 2


def test_a_lease_given_back_is_free_at_once_with_a_larger_epoch(
    make_database: Callable[..., Database],
) -> None:
    db = make_database()
    db.leases.acquire("duty", "a", 100)
    db.leases.release("duty", "b")
    assert db.leases.acquire("duty", "b", 100) is None
    db.leases.release("duty", "a")
    assert db.leases.acquire("duty", "b", 100) == 2
    db.leases.release("duty", "b")
    assert db.leases.acquire("duty", "b", 100) == 3
