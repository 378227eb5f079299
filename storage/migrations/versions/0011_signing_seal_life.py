"""signing: seal_life. Histories of the seals there are begin with what their rows tell."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_signing_seal_life"
down_revision = "0010_intake_case_results"


def upgrade() -> None:
    """Apply."""
    _signing_seal_steps()
    _signing_seals()
    _histories()


def _signing_seal_steps() -> None:
    op.create_table(
        "signing_seal_steps",
        sa.Column("seal_id", sa.Text(), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seal_id", "no"),
    )


def _signing_seals() -> None:
    with op.batch_alter_table("signing_seals", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("personal", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(sa.Column("person", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("users", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("replaces", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("replaced_by", sa.Text(), server_default="", nullable=False))


def _histories() -> None:
    for lines in (_APPLIED, _APPROVED, _USED, _ENDED):
        op.execute(lines)


_APPLIED = """
INSERT INTO signing_seal_steps (seal_id, no, state, at, actor, reason)
SELECT seal_id, 1, 'applied', applied_at, applied_by, '' FROM signing_seals
"""
_APPROVED = """
INSERT INTO signing_seal_steps (seal_id, no, state, at, actor, reason)
SELECT seal_id, 2, 'approved', approved_at, approved_by, '' FROM signing_seals
WHERE approved_at IS NOT NULL
"""
_USED = """
INSERT INTO signing_seal_steps (seal_id, no, state, at, actor, reason)
SELECT seal_id, 3, 'in-use', approved_at, 'system:seal-maker', '' FROM signing_seals
WHERE approved_at IS NOT NULL AND state IN ('in-use', 'suspended', 'revoked')
"""
_ENDED = """
INSERT INTO signing_seal_steps (seal_id, no, state, at, actor, reason)
SELECT seal_id, 4, state, COALESCE((SELECT MAX(revoked_at) FROM signing_certificates
WHERE key LIKE LOWER(signing_seals.seal_id) || '.%'), approved_at, applied_at), '-', reason
FROM signing_seals WHERE state IN ('suspended', 'revoked', 'rejected')
"""
