"""catalog: first."""
# ruff: noqa: E501 - statements are kept as they were generated

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_catalog_first"
down_revision = "0002_identity_first"


def upgrade() -> None:
    """Apply."""
    _catalog_ingest()
    _catalog_item()
    _catalog_lineage()
    _catalog_part()
    _catalog_quarantine()
    _catalog_resource()
    _catalog_search()
    _catalog_version()


def _catalog_ingest() -> None:
    op.create_table(
        "catalog_ingest",
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("org", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("rules_digest", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("batch"),
    )
    with op.batch_alter_table("catalog_ingest", schema=None) as batch_op:
        batch_op.create_index("catalog_ingest_resource", ["resource", "at"], unique=False)


def _catalog_item() -> None:
    op.create_table(
        "catalog_item",
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("source_column", sa.Text(), nullable=False),
        sa.Column("sensitive", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("resource", "column"),
    )


def _catalog_lineage() -> None:
    op.create_table(
        "catalog_lineage",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("source_file", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("source_column", sa.Text(), nullable=False),
        sa.Column("element", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", "source_file", "column"),
    )


def _catalog_part() -> None:
    op.create_table(
        "catalog_part",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("version", "name"),
    )


def _catalog_quarantine() -> None:
    op.create_table(
        "catalog_quarantine",
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "rule", "column"),
    )


def _catalog_resource() -> None:
    op.create_table(
        "catalog_resource",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("org", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("current", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _catalog_search() -> None:
    op.create_table(
        "catalog_search",
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_words", sa.Text(), nullable=False),
        sa.Column("body_words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("resource"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS catalog_search_words USING fts5(resource UNINDEXED, title_words, body_words, tokenize = 'unicode61 remove_diacritics 0')"
        )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        op.execute(
            "CREATE INDEX IF NOT EXISTS catalog_search_words ON catalog_search USING gin (array_to_tsvector(array_remove(string_to_array(title_words || ' ' || body_words, ' '), '')))"
        )
        op.execute(
            "CREATE INDEX IF NOT EXISTS catalog_search_title ON catalog_search USING gin (title gin_trgm_ops)"
        )


def _catalog_version() -> None:
    op.create_table(
        "catalog_version",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("org", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("rules_digest", sa.Text(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("score", sa.Text(), nullable=False),
        sa.Column("published_at", sa.Text(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("resource", "number"),
    )
