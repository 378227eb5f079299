"""The tables of all rooms, and the one place that brings a hub's database up to date."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from storage.database import Database

STORES = ("storage", "identity", "catalog", "signing", "audit", "certificates", "intake")
"""Rooms with tables; quality and kernel have none."""


def metadatas() -> tuple[MetaData, ...]:
    """Return the tables of every room."""
    stores = (f"{room}.store" for room in STORES)
    return tuple(import_module(name).METADATA for name in stores if find_spec(name))


def bring_up_to_date(url: str, database: Database) -> None:
    """Migrate the schema unless it is at the newest revision already, which costs one query.

    Raises TongbanError ``schema-differs`` and the failures of storage.
    """
    from storage import migrations

    newest = migrations.head()
    if not newest:
        database.create(*metadatas())
    elif migrations.current(database.engine) != newest:
        migrations.upgrade(url, metadatas())
