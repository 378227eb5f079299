"""certificates: first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_certificates_first"
down_revision = "0005_audit_first"


def upgrade() -> None:
    """Apply."""
    _certificates_certificate()
    _certificates_file()
    _certificates_grant()
    _certificates_grant_use()
    _certificates_holder()
    _certificates_origin()
    _certificates_request()
    _certificates_slot()


def _certificates_certificate() -> None:
    op.create_table(
        "certificates_certificate",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("type_code", sa.Text(), nullable=False),
        sa.Column("type_digest", sa.Text(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("contents", sa.LargeBinary(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Text(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("approvals", sa.Text(), nullable=False),
        sa.Column("supersedes", sa.Text(), nullable=False),
        sa.Column("superseded_by", sa.Text(), nullable=False),
        sa.Column("touched_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("identifier"),
        sa.UniqueConstraint("type_code", "issuer", "serial", "version"),
    )
    with op.batch_alter_table("certificates_certificate", schema=None) as batch_op:
        batch_op.create_index("certificates_certificate_batch", ["batch", "id"], unique=False)
        batch_op.create_index(
            "certificates_certificate_open",
            ["touched_at"],
            unique=False,
            sqlite_where=sa.text("step NOT IN ('ISSUED', 'VOID')"),
            postgresql_where=sa.text("step NOT IN ('ISSUED', 'VOID')"),
        )


def _certificates_file() -> None:
    op.create_table(
        "certificates_file",
        sa.Column("certificate_id", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("certificate_id", "format", "role"),
    )


def _certificates_grant() -> None:
    op.create_table(
        "certificates_grant",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("holder_ref", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("formats", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("certificates_grant", schema=None) as batch_op:
        batch_op.create_index(
            "certificates_grant_giver", ["granted_by", "created_at"], unique=False
        )
        batch_op.create_index(
            "certificates_grant_holder", ["holder_ref", "created_at"], unique=False
        )


def _certificates_grant_use() -> None:
    op.create_table(
        "certificates_grant_use",
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("used_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("grant_id"),
    )


def _certificates_holder() -> None:
    op.create_table(
        "certificates_holder",
        sa.Column("certificate_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("holder_ref", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("code_type", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("certificate_id", "position"),
    )
    with op.batch_alter_table("certificates_holder", schema=None) as batch_op:
        batch_op.create_index("certificates_holder_ref", ["holder_ref", "type"], unique=False)


def _certificates_origin() -> None:
    op.create_table(
        "certificates_origin",
        sa.Column("certificate_id", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("row_key", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("certificate_id", "resource", "row_key"),
    )
    with op.batch_alter_table("certificates_origin", schema=None) as batch_op:
        batch_op.create_index("certificates_origin_row", ["resource", "row_key"], unique=False)


def _certificates_request() -> None:
    op.create_table(
        "certificates_request",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("body_ref", sa.Text(), nullable=False),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("formats", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("certificate_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("copies", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("requester", "idempotency_key"),
    )
    with op.batch_alter_table("certificates_request", schema=None) as batch_op:
        batch_op.create_index(
            "certificates_request_certificate", ["certificate_id", "at"], unique=False
        )


def _certificates_slot() -> None:
    op.create_table(
        "certificates_slot",
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("certificate_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("type", "slot"),
    )
    with op.batch_alter_table("certificates_slot", schema=None) as batch_op:
        batch_op.create_index("certificates_slot_certificate", ["certificate_id"], unique=False)
