"""catalog: lookup."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_catalog_lookup"
down_revision = "0008_certificates_exchange"


def upgrade() -> None:
    """Apply."""
    _catalog_lookup()


def _catalog_lookup() -> None:
    op.create_table(
        "catalog_lookup",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", "column"),
    )
