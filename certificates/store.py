"""Tables of the room. Personal values lie only in sealed columns; references are keyed indexes.

Statements are in ``register_store`` (certificates and their issue), ``slot_store`` (what only one
may have) and ``requests_store`` (grants and requests).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Executable,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite

METADATA = MetaData()

CERTIFICATE = Table(
    "certificates_certificate",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("type_code", Text, nullable=False),
    Column("type_digest", Text, nullable=False),
    Column("identifier", Text, nullable=False, unique=True),
    Column("issuer", Text, nullable=False),
    Column("division", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("contents", LargeBinary, nullable=False),
    Column("step", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("issued_at", Text, nullable=False),
    Column("valid_from", Text, nullable=False),
    Column("valid_to", Text, nullable=False, default=""),
    Column("batch", Text, nullable=False, default=""),
    Column("approvals", Text, nullable=False, default="{}"),
    Column("supersedes", Text, nullable=False, default=""),
    Column("superseded_by", Text, nullable=False, default=""),
    Column("touched_at", Text, nullable=False),
    UniqueConstraint("type_code", "issuer", "serial", "version"),
    Index("certificates_certificate_batch", "batch", "id"),
)
"""One version of one certificate. ``contents`` is sealed JSON of the values."""

Index(
    "certificates_certificate_open",
    CERTIFICATE.c.touched_at,
    sqlite_where=text("step NOT IN ('ISSUED', 'VOID')"),
    postgresql_where=text("step NOT IN ('ISSUED', 'VOID')"),
)

HOLDER = Table(
    "certificates_holder",
    METADATA,
    Column("certificate_id", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("holder_ref", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("code_type", Text, nullable=False),
    PrimaryKeyConstraint("certificate_id", "position"),
    Index("certificates_holder_ref", "holder_ref", "type"),
)
"""Several holders of one certificate. Names and codes are in its sealed contents."""

SLOT = Table(
    "certificates_slot",
    METADATA,
    Column("type", Text, nullable=False),
    Column("slot", Text, nullable=False),
    Column("certificate_id", Text, nullable=False),
    PrimaryKeyConstraint("type", "slot"),
    Index("certificates_slot_certificate", "certificate_id"),
)
"""What only one certificate of a type may occupy: a holder, a printed number. The primary key
decides between racing issuers.
"""

ORIGIN = Table(
    "certificates_origin",
    METADATA,
    Column("certificate_id", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("row_key", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("fields", Text, nullable=False),
    PrimaryKeyConstraint("certificate_id", "resource", "row_key"),
    Index("certificates_origin_row", "resource", "row_key"),
)
"""Lineage: the published rows that gave the values of a certificate."""

FILE = Table(
    "certificates_file",
    METADATA,
    Column("certificate_id", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("size", Integer, nullable=False),
    PrimaryKeyConstraint("certificate_id", "format", "role"),
)
"""Files in the object store; ``role`` is ``unsealed`` or ``original``."""

GRANT = Table(
    "certificates_grant",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("holder_ref", Text, nullable=False),
    Column("granted_by", Text, nullable=False),
    Column("capacity", Text, nullable=False),
    Column("requester", Text, nullable=False),
    Column("matter", Text, nullable=False),
    Column("case_no", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("formats", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("withdrawn_at", Text, nullable=False, default=""),
    Index("certificates_grant_holder", "holder_ref", "created_at"),
    Index("certificates_grant_giver", "granted_by", "created_at"),
)

GRANT_USE = Table(
    "certificates_grant_use",
    METADATA,
    Column("grant_id", Text, primary_key=True),
    Column("request_id", Text, nullable=False),
    Column("used_at", Text, nullable=False),
)
"""Single use: the primary key admits one row per grant."""

REQUEST = Table(
    "certificates_request",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("requester", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("body_ref", Text, nullable=False),
    Column("matter", Text, nullable=False),
    Column("case_no", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("formats", Text, nullable=False),
    Column("grant_id", Text, nullable=False, default=""),
    Column("certificate_id", Text, nullable=False, default=""),
    Column("outcome", Text, nullable=False),
    Column("params", Text, nullable=False, default="{}"),
    Column("copies", Text, nullable=False, default="[]"),
    Column("at", Text, nullable=False),
    UniqueConstraint("requester", "idempotency_key"),
    Index("certificates_request_certificate", "certificate_id", "at"),
)
"""Each use and each refusal. The answer to a repeated key is made again from this row, because the
values of a certificate version never change.
"""


PEER_NONCE = Table(
    "certificates_peer_nonce",
    METADATA,
    Column("region", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("at", Text, nullable=False),
    PrimaryKeyConstraint("region", "nonce"),
    Index("certificates_peer_nonce_at", "at"),
)
"""Signed questions of peers that were taken; kept for longer than a signature lives."""

PEER_CUT = Table(
    "certificates_peer_cut",
    METADATA,
    Column("region", Text, primary_key=True),
    Column("at", Text, nullable=False),
    Column("reason", Text, nullable=False),
)
"""Peers with whom nothing is exchanged until they are admitted again."""

EXCHANGE = Table(
    "certificates_exchange",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("requester", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("body_ref", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("code", Text, nullable=False, default=""),
    Column("copies", Text, nullable=False, default="[]"),
    Column("at", Text, nullable=False),
    UniqueConstraint("requester", "idempotency_key"),
)
"""What own clients asked of other regions, and how it ended. Values given are never kept."""


def insert_once(connection: Connection, table: Table, *values: Mapping[str, Any]) -> None:
    """Insert rows of which there may be one each, after the caller saw in this transaction none.

    A racer's row that this snapshot cannot see makes PostgreSQL ask for the transaction to be run
    again (``40001``), which a plain INSERT would not: it would fail as a duplicate. Raises
    RuntimeError where a row was there all the time.
    """
    done = connection.execute(_once(connection.dialect.name, table), [dict(row) for row in values])
    if len(done.all()) != len(values):
        raise RuntimeError(f"a row of {table.name} was there already")


@cache
def _once(dialect: str, table: Table) -> Executable:
    statement = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return statement.on_conflict_do_nothing().returning(next(iter(table.primary_key)))


_CHUNK = 400
"""Values of one IN list; far below the limits of both databases."""


def in_parts(values: Collection[str]) -> Iterable[list[str]]:
    """Yield the values in parts small enough for one statement's parameters."""
    items = list(values)
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
