"""One journal entry: its canonical bytes and its insertion."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

from kernel.canonical import canonical
from kernel.clock import to_iso
from kernel.errors import TongbanError
from kernel.ids import JournalNo
from kernel.ports import Event, Json
from storage.errors import Code

SCHEMA = 1
"""Version of the body's shape; member ``v`` of every entry."""

MOST_BYTES = 65_535
"""A log's entry bundle gives each entry's length in two bytes (C2SP tlog-tiles)."""

LOCK_TAG = 0x544A << 48
"""Upper 16 bits of the advisory locks by which PostgreSQL writers announce themselves."""

_INSERT = {
    "sqlite": "INSERT INTO storage_journal (at, kind, subject, body) VALUES (?, ?, ?, ?) "
    "RETURNING no",
    "postgresql": "INSERT INTO storage_journal (at, kind, subject, body) "
    "VALUES (%s, %s, %s, %s) RETURNING no",
}
_ANNOUNCE = text(
    "SELECT pg_advisory_xact_lock_shared(:tag + last_value) FROM storage_journal_no_seq"
)


def body_of(event: Event, at: datetime) -> bytes:
    """Return the canonical JSON of an entry: the bytes that the audit log proves."""
    actor: dict[str, Json] = {
        "id": event.actor.id,
        "kind": event.actor.kind.value,
        "org": event.actor.org,
        "division": event.actor.division,
        "window": event.actor.window,
    }
    return canonical(
        {
            "v": SCHEMA,
            "at": to_iso(at),
            "kind": event.kind,
            "subject": event.subject,
            "actor": actor,
            "data": dict(event.data),
        }
    )


def append(connection: Connection, event: Event, at: datetime, *, first: bool) -> JournalNo:
    """Insert the entry and return its number. ``first`` marks a transaction's first entry.

    Raises ``entry-too-large`` over 65,535 bytes: what is large belongs into an object whose digest
    the entry names.
    """
    dialect = connection.dialect.name
    if first and dialect == "postgresql":
        connection.execute(_ANNOUNCE, {"tag": LOCK_TAG})
    body = body_of(event, at)
    if len(body) > MOST_BYTES:
        raise TongbanError(Code.ENTRY_TOO_LARGE, kind=event.kind, size=len(body))
    values = (to_iso(at), event.kind, event.subject, body)
    return JournalNo(connection.exec_driver_sql(_INSERT[dialect], values).scalar_one())
