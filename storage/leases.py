"""Leases: one holder at a time for a named duty, with a fencing epoch."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import bindparam, insert, select, update

from kernel.clock import Clock, from_iso, to_iso
from kernel.ports import Transactions, Tx
from storage.store import LEASES
from storage.tx import rows

__all__ = ["SqlLeases", "epoch_of"]

_EPOCH = select(LEASES.c.epoch).where(LEASES.c.name == bindparam("name"))


class SqlLeases:
    """Implements ``kernel.ports.Leases``. ``owner`` must name one process, not one machine."""

    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    def acquire(self, name: str, owner: str, seconds: int) -> int | None:
        """Take or renew; returns the epoch, larger for each new owner, or None while held."""

        def work(tx: Tx) -> int | None:
            now = self._clock.now()
            until = to_iso(now + timedelta(seconds=seconds))
            held = rows(tx).execute(select(LEASES).where(LEASES.c.name == name)).first()
            if held is None:
                values = {"name": name, "owner": owner, "epoch": 1, "until": until}
                rows(tx).execute(insert(LEASES).values(values))
                return 1
            if held.owner != owner and from_iso(held.until) > now:
                return None
            epoch: int = held.epoch + (held.owner != owner)
            change = update(LEASES).where(LEASES.c.name == name)
            rows(tx).execute(change.values(owner=owner, epoch=epoch, until=until))
            return epoch

        return self._transactions.housekeep(work)

    def release(self, name: str, owner: str) -> None:
        """Give back early. The epoch stays, so that the next owner gets a larger one."""

        def work(tx: Tx) -> None:
            mine = update(LEASES).where(LEASES.c.name == name, LEASES.c.owner == owner)
            rows(tx).execute(mine.values(owner="", until=to_iso(self._clock.now())))

        self._transactions.housekeep(work)


def epoch_of(tx: Tx, name: str) -> int:
    """Return the lease's present epoch, 0 if nobody ever held it.

    A duty compares it inside the transaction that writes its result: whoever was replaced while
    he slept sees a larger number and writes nothing.
    """
    value = rows(tx).execute(_EPOCH, {"name": name}).scalar()
    return 0 if value is None else int(value)
