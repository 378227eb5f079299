"""Reads of the journal by number.

On PostgreSQL numbers come from a sequence before the commit, so that a smaller number may appear
after a larger one. A reader must not step over it: each writer holds a shared advisory lock that
names the sequence's value before its own first number; a reader stops at the smallest one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Integer, Row, bindparam, select, text

from kernel.ids import JournalNo
from kernel.ports import JournalRow, Tx
from storage.cells import moment, raw
from storage.entries import LOCK_TAG
from storage.store import JOURNAL
from storage.tx import rows

_ASSIGNED = text("SELECT last_value FROM storage_journal_no_seq")
_OLDEST = text(
    "SELECT min(((classid::bigint << 32) | objid::bigint) - :tag) FROM pg_locks "
    "WHERE locktype = 'advisory' AND objsubid = 1 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND ((classid::bigint << 32) | objid::bigint) BETWEEN :tag AND :tag + 281474976710655"
)
_AFTER = (
    select(JOURNAL)
    .where(JOURNAL.c.no > bindparam("no"))
    .order_by(JOURNAL.c.no)
    .limit(bindparam("most", type_=Integer))
)
"""Built once: the log's sequencer runs it many times a second."""
_AFTER_WITHIN = _AFTER.where(JOURNAL.c.no <= bindparam("horizon"))


class SqlJournal:
    """Implements ``kernel.ports.Journal``. ``engine`` gives each statement a fresh snapshot."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def after(self, tx: Tx, no: int, limit: int) -> list[JournalRow]:
        """Return at most ``limit`` committed rows with larger numbers, in order, none stepped over.

        On PostgreSQL a connection of its own is used, because the snapshot of ``tx`` may be older
        than the horizon; entries recorded in ``tx`` itself are then not seen.
        """
        if self._engine.dialect.name != "postgresql":
            return _select(rows(tx), no, limit)
        with self._engine.connect() as connection:
            # The order matters: numbers handed out, then who still holds one, then a new snapshot.
            assigned = int(connection.execute(_ASSIGNED).scalar_one())
            oldest = connection.execute(_OLDEST, {"tag": LOCK_TAG}).scalar_one()
            horizon = assigned if oldest is None else min(assigned, int(oldest))
            return _select(connection, no, limit, horizon)

    def about(self, tx: Tx, subject: str, limit: int = 200) -> list[JournalRow]:
        """Return the rows of one subject, oldest first."""
        query = select(JOURNAL).where(JOURNAL.c.subject == subject).order_by(JOURNAL.c.no)
        return [_row(row) for row in rows(tx).execute(query.limit(limit))]

    def among(self, tx: Tx, numbers: Sequence[int]) -> list[JournalRow]:
        """Return the rows with these numbers, in order; numbers without a row are left out."""
        query = select(JOURNAL).where(JOURNAL.c.no.in_(numbers)).order_by(JOURNAL.c.no)
        return [_row(row) for row in rows(tx).execute(query)]

    def numbers(self, tx: Tx, no: int, limit: int) -> list[JournalNo]:
        """Return at most ``limit`` committed numbers larger than ``no``, in order."""
        query = select(JOURNAL.c.no).where(JOURNAL.c.no > no).order_by(JOURNAL.c.no).limit(limit)
        return [JournalNo(number) for number in rows(tx).execute(query).scalars()]


def _select(
    connection: Connection, no: int, limit: int, horizon: int | None = None
) -> list[JournalRow]:
    values = {"no": no, "most": limit}
    if horizon is None:
        return [_row(row) for row in connection.execute(_AFTER, values)]
    return [_row(row) for row in connection.execute(_AFTER_WITHIN, values | {"horizon": horizon})]


def _row(row: Row[Any]) -> JournalRow:
    kind, subject = str(row.kind), str(row.subject)
    return JournalRow(JournalNo(row.no), moment(row.at), kind, subject, raw(row.body))
