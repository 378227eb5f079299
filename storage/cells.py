"""Reads cells that somebody may have tampered with: SQLite keeps any type in any column.

A value of the wrong type becomes an empty one, which a check then names, instead of an error that
would end the check.
"""

from __future__ import annotations

from datetime import UTC, datetime

from kernel.clock import from_iso, to_iso

UNREADABLE = datetime.min.replace(tzinfo=UTC)
"""Stands for a time that is none."""


def raw(value: object) -> bytes:
    """Return bytes as they are, anything else as none."""
    return bytes(value) if isinstance(value, bytes | bytearray | memoryview) else b""


def number(value: object) -> int:
    """Return a whole number as it is, anything else as -1."""
    return value if isinstance(value, int) else -1


def moment(value: object) -> datetime:
    """Return the time of a text that ``to_iso`` wrote, anything else as UNREADABLE."""
    try:
        found = from_iso(value) if isinstance(value, str) else UNREADABLE
    except ValueError:
        return UNREADABLE
    return found if to_iso(found) == value else UNREADABLE
