"""Inserts that answer instead of failing, alike on SQLite and PostgreSQL. For ``store`` modules.

On PostgreSQL a violated key ends the whole transaction, so a race for a unique key is decided by
``ON CONFLICT``, never by catching an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from kernel.ports import Tx
from storage.tx import rows


def insert_if_absent(tx: Tx, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert one row; returns False, changing nothing, when any unique key is taken."""
    statement = _insert(tx, table).values(dict(values)).on_conflict_do_nothing()
    # RETURNING tells the outcome on both; the row count of an INSERT is not kept everywhere.
    return rows(tx).execute(statement.returning(*table.primary_key)).first() is not None


def insert_all(tx: Tx, table: Table, values: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows at once; a taken key raises IntegrityError."""
    if values:
        rows(tx).execute(table.insert(), [dict(row) for row in values])


def upsert(tx: Tx, table: Table, values: Mapping[str, Any]) -> None:
    """Insert one row, or replace the other columns of the row with the same primary key."""
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in values.items() if name not in keys}
    statement = _insert(tx, table).values(dict(values))
    if rest:
        statement = statement.on_conflict_do_update(index_elements=keys, set_=rest)
    else:
        statement = statement.on_conflict_do_nothing()
    rows(tx).execute(statement)


def _insert(tx: Tx, table: Table) -> Any:
    # The two constructs have no common type, only the same methods.
    return sqlite.insert(table) if _is_sqlite(tx) else postgresql.insert(table)


def _is_sqlite(tx: Tx) -> bool:
    return rows(tx).dialect.name == "sqlite"
