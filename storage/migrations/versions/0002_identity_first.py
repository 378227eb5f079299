"""identity: first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_identity_first"
down_revision = "0001_storage_first"


def upgrade() -> None:
    """Apply."""
    _identity_assertion()
    _identity_client()
    _identity_session()
    _identity_ticket()
    _identity_token()


def _identity_assertion() -> None:
    op.create_table(
        "identity_assertion",
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("jti", sa.String(length=128), nullable=False),
        sa.Column("expires", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("client", "jti"),
    )
    with op.batch_alter_table("identity_assertion", schema=None) as batch_op:
        batch_op.create_index("identity_assertion_expires", ["expires"], unique=False)


def _identity_client() -> None:
    op.create_table(
        "identity_client",
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("since", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("client"),
    )


def _identity_session() -> None:
    op.create_table(
        "identity_session",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("persona", sa.String(length=64), nullable=False),
        sa.Column("started", sa.String(length=24), nullable=False),
        sa.Column("expires", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    with op.batch_alter_table("identity_session", schema=None) as batch_op:
        batch_op.create_index("identity_session_expires", ["expires"], unique=False)


def _identity_ticket() -> None:
    op.create_table(
        "identity_ticket",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=96), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("expires", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    with op.batch_alter_table("identity_ticket", schema=None) as batch_op:
        batch_op.create_index("identity_ticket_expires", ["expires"], unique=False)


def _identity_token() -> None:
    op.create_table(
        "identity_token",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("expires", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    with op.batch_alter_table("identity_token", schema=None) as batch_op:
        batch_op.create_index("identity_token_expires", ["expires"], unique=False)
