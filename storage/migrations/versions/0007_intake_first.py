"""intake: first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_intake_first"
down_revision = "0006_certificates_first"


def upgrade() -> None:
    """Apply."""
    _intake_case()
    _intake_field()
    _intake_material()
    _intake_step()


def _intake_case() -> None:
    op.create_table(
        "intake_case",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("journey", sa.Text(), nullable=False),
        sa.Column("journey_digest", sa.Text(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("org", sa.Text(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("clerk", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("subject_ref", sa.Text(), nullable=False),
        sa.Column("applicant_ref", sa.Text(), nullable=False),
        sa.Column("parties", sa.LargeBinary(), nullable=False),
        sa.Column("grants", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Text(), nullable=False),
        sa.Column("consented_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("intake_case", schema=None) as batch_op:
        batch_op.create_index("intake_case_applicant", ["applicant_ref", "opened_at"], unique=False)
        batch_op.create_index("intake_case_org", ["org", "opened_at"], unique=False)
        batch_op.create_index("intake_case_subject", ["subject_ref", "journey"], unique=False)


def _intake_field() -> None:
    op.create_table(
        "intake_field",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "step", "name"),
    )


def _intake_material() -> None:
    op.create_table(
        "intake_material",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("certificate_id", sa.Text(), nullable=False),
        sa.Column("tried", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("due_at", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("contents", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", "step", "code"),
    )


def _intake_step() -> None:
    op.create_table(
        "intake_step",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "code"),
    )
