"""certificates: exchange."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_certificates_exchange"
down_revision = "0007_intake_first"


def upgrade() -> None:
    """Apply."""
    _certificates_exchange()
    _certificates_peer_cut()
    _certificates_peer_nonce()


def _certificates_exchange() -> None:
    op.create_table(
        "certificates_exchange",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("body_ref", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("copies", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("requester", "idempotency_key"),
    )


def _certificates_peer_cut() -> None:
    op.create_table(
        "certificates_peer_cut",
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("region"),
    )


def _certificates_peer_nonce() -> None:
    op.create_table(
        "certificates_peer_nonce",
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("region", "nonce"),
    )
    with op.batch_alter_table("certificates_peer_nonce", schema=None) as batch_op:
        batch_op.create_index("certificates_peer_nonce_at", ["at"], unique=False)
