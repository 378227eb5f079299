"""Alembic's entry: runs revisions on the connection that ``storage.migrations`` hands over."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="storage_schema_version",
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
