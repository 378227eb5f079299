"""Inserts that answer instead of failing, alike on SQLite and PostgreSQL. For ``store`` modules.

On PostgreSQL a violated key ends the whole transaction, so a race for a unique key is decided by
``ON CONFLICT``, never by catching an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import postgresql, sqlite

from kernel.ports import Tx
from storage.tx import rows


def insert_if_absent(tx: Tx, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert one row; returns False, changing nothing, when any unique key is taken."""
    connection = rows(tx)
    statement = _absent(connection.dialect.name, table)
    # RETURNING tells the outcome on both; the row count of an INSERT is not kept everywhere.
    return connection.execute(statement, dict(values)).first() is not None


def insert_all(tx: Tx, table: Table, values: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows at once; a taken key raises IntegrityError."""
    if values:
        rows(tx).execute(_plain(table), [dict(row) for row in values])


def upsert(tx: Tx, table: Table, values: Mapping[str, Any]) -> None:
    """Insert one row, or replace the other columns of the row with the same primary key."""
    connection = rows(tx)
    connection.execute(_upsert(connection.dialect.name, table, tuple(values)), dict(values))


# Statements are built once for each table: building costs more than running them.


@cache
def _plain(table: Table) -> Insert:
    return table.insert()


@cache
def _absent(dialect: str, table: Table) -> Any:
    return _insert(dialect, table).on_conflict_do_nothing().returning(*table.primary_key)


@cache
def _upsert(dialect: str, table: Table, names: tuple[str, ...]) -> Any:
    keys = [column.name for column in table.primary_key]
    statement = _insert(dialect, table)
    rest = {name: statement.excluded[name] for name in names if name not in keys}
    if rest:
        return statement.on_conflict_do_update(index_elements=keys, set_=rest)
    return statement.on_conflict_do_nothing()


def _insert(dialect: str, table: Table) -> Any:
    # The two constructs have no common type, only the same methods.
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
