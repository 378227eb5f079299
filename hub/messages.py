"""What people are told: finds the message of a code in whichever room owns it."""

from __future__ import annotations

from functools import cache
from typing import Final

from kernel.errors import Message, load_messages

ROOMS: Final = (
    *("storage", "identity", "quality", "catalog", "signing", "audit"),
    *("certificates", "intake", "hub"),
)
"""Rooms with messages, lowest first. No code stands in two of them."""


@cache
def owner(code: str) -> tuple[str, Message] | None:
    """Return the room that owns a code and its message, or None for a code of no room."""
    for room in ROOMS:
        found = load_messages(room).get(code)
        if found is not None:
            return room, found
    return None
