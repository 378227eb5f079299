"""Schema versions of the whole hub: one chain of Alembic revisions, one file per room and change.

Revisions are written by ``python -m storage.migrations.generate`` and then frozen: they state the
schema in full and import nothing of the rooms, so that an old database can always be brought up.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, inspect

from kernel.errors import TongbanError
from storage.database import engines
from storage.errors import Code
from storage.failures import translated

FOLDER = Path(__file__).parent
VERSION_TABLE = "storage_schema_version"


def configuration(connection: Connection | None = None, versions: Path | None = None) -> Config:
    """Return Alembic's configuration, made in code so that no file names an address."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("version_locations", str(versions or FOLDER / "versions"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade(url: str, metadatas: Sequence[MetaData], versions: Path | None = None) -> str:
    """Bring the database at ``url`` to the newest revision and return its name.

    ``metadatas`` are those of all rooms; afterwards the schema must equal them. Safe to call from
    several processes at once. Raises TongbanError ``schema-differs`` (then the schema stays as it
    was) and the failures of the database.
    """
    writer, reader = engines(url)
    engine = writer
    if writer.dialect.name == "postgresql":
        # a snapshot taken before the lock was given would not show the tables of whoever had it
        engine = writer.execution_options(isolation_level="READ COMMITTED")
    try:
        with translated(), engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(6075)")
            config = configuration(connection, versions)
            if _made_directly(connection):
                command.stamp(config, "head")  # its tables were made from the same metadata
            else:
                command.upgrade(config, "head")
            different = difference(connection, metadatas)
            if different:
                raise TongbanError(Code.SCHEMA_DIFFERS, difference="; ".join(different))
            return head(versions)
    finally:
        writer.dispose()
        reader.dispose()


def _made_directly(connection: Connection) -> bool:
    """Tell whether the tables were made by ``Database.create`` before there were revisions."""
    return context(connection).get_current_revision() is None and inspect(connection).has_table(
        "storage_journal"
    )


def head(versions: Path | None = None) -> str:
    """Return the newest revision this program knows, empty while there is none."""
    return ScriptDirectory.from_config(configuration(None, versions)).get_current_head() or ""


def current(engine: Engine) -> str:
    """Return the revision of a database, empty if it was never migrated."""
    with translated(), engine.connect() as connection:
        return context(connection).get_current_revision() or ""


def context(connection: Connection) -> MigrationContext:
    """Return Alembic's view of an open connection."""
    return MigrationContext.configure(
        connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
    )


def difference(connection: Connection, metadatas: Sequence[MetaData]) -> tuple[str, ...]:
    """Name every table, column, key and index in which schema and metadata differ."""
    whole = MetaData()
    for metadata in metadatas:
        for table in metadata.tables.values():
            table.to_metadata(whole)
    unmanaged = tuple(
        prefix for table in whole.tables.values() for prefix in table.info.get("unmanaged", ())
    )

    def managed(_object: object, name: str | None, *_: object) -> bool:
        return not (unmanaged and name and name.startswith(unmanaged))

    opts = {"version_table": VERSION_TABLE, "compare_type": True, "include_object": managed}
    found = compare_metadata(MigrationContext.configure(connection, opts=opts), whole)
    return tuple(_name(change) for change in found)


def _name(change: object) -> str:
    """Shorten Alembic's tuples, which may be nested in a list, to one line."""
    if isinstance(change, list):
        return ", ".join(_name(one) for one in change)
    if isinstance(change, tuple):
        parts = (str(getattr(part, "name", None) or part) for part in change if part is not None)
        return " ".join(part for part in parts if part != "{}")
    return str(change)
