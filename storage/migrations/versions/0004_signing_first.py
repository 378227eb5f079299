"""signing: first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_signing_first"
down_revision = "0003_catalog_first"


def upgrade() -> None:
    """Apply."""
    _signing_certificates()
    _signing_intents()
    _signing_seals()


def _signing_certificates() -> None:
    op.create_table(
        "signing_certificates",
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("org", sa.Text(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("serial"),
    )
    with op.batch_alter_table("signing_certificates", schema=None) as batch_op:
        batch_op.create_index("signing_certificates_key", ["key"], unique=False)


def _signing_intents() -> None:
    op.create_table(
        "signing_intents",
        sa.Column("approval", sa.Text(), nullable=False),
        sa.Column("seal_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("declared_by", sa.Text(), nullable=False),
        sa.Column("declared_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("approval"),
    )


def _signing_seals() -> None:
    op.create_table(
        "signing_seals",
        sa.Column("seal_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("org", sa.Text(), nullable=False),
        sa.Column("org_name", sa.Text(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("second_line", sa.Text(), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("diameter_mm", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Text(), nullable=False),
        sa.Column("applied_by", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("picture", sa.Text(), nullable=True),
        sa.Column("seal_der", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seal_id"),
    )
    with op.batch_alter_table("signing_seals", schema=None) as batch_op:
        batch_op.create_index("signing_seals_org", ["org", "state"], unique=False)
