"""intake: case_results."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_intake_case_results"
down_revision = "0009_catalog_lookup"


def upgrade() -> None:
    """Apply."""
    _intake_material()
    _intake_step()


def _intake_material() -> None:
    with op.batch_alter_table("intake_material", schema=None) as batch_op:
        batch_op.add_column(sa.Column("evidence", sa.Text(), server_default="", nullable=False))


def _intake_step() -> None:
    with op.batch_alter_table("intake_step", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("certificate_id", sa.Text(), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("identifier", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("wait", sa.Text(), server_default="", nullable=False))
