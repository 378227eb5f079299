"""storage: first."""
# ruff: noqa: E501 - statements are kept as they were generated

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_storage_first"
down_revision = None


def upgrade() -> None:
    """Apply."""
    _storage_journal()
    _storage_lease()


def _storage_journal() -> None:
    op.create_table(
        "storage_journal",
        sa.Column(
            "no",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("no"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("storage_journal", schema=None) as batch_op:
        batch_op.create_index("storage_journal_subject", ["subject", "no"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER IF NOT EXISTS storage_journal_no_update BEFORE UPDATE ON storage_journal BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER IF NOT EXISTS storage_journal_no_delete BEFORE DELETE ON storage_journal BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
        )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION storage_journal_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = '23000'; END $$"
        )
        op.execute(
            "CREATE OR REPLACE TRIGGER storage_journal_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON storage_journal FOR EACH STATEMENT EXECUTE FUNCTION storage_journal_guard()"
        )


def _storage_lease() -> None:
    op.create_table(
        "storage_lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
