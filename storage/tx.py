"""The open transaction, opaque to every service."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from kernel.ids import JournalNo
from kernel.ports import Event, Tx
from storage.entries import append


@dataclass(slots=True)
class SqlTx:
    """Implements ``kernel.ports.Tx`` over one connection; dead once its transaction has ended."""

    connection: Connection
    at: datetime
    recording: bool
    numbers: list[JournalNo] = field(default_factory=list)
    alive: bool = True

    def record(self, event: Event) -> None:
        """Write the event to the journal in this transaction.

        Raises RuntimeError inside ``read`` and ``housekeep`` and after the transaction has ended.
        """
        if not self.alive:
            raise RuntimeError("the transaction has ended")
        if not self.recording:
            raise RuntimeError("only a write may record an event")
        first = not self.numbers
        self.numbers.append(append(self.connection, event, self.at, first=first))


def rows(tx: Tx) -> Connection:
    """Unwrap a transaction. For ``store`` modules alone.

    Raises RuntimeError when the transaction has ended, for instance for a generator that was
    returned from a work and read too late.
    """
    if not isinstance(tx, SqlTx):
        raise TypeError(f"not a transaction of storage: {type(tx).__name__}")
    if not tx.alive:
        raise RuntimeError("the transaction has ended")
    return tx.connection
