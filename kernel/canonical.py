"""Canonical JSON (RFC 8785) for the subset the hub uses: no floats, ASCII member names."""

from __future__ import annotations

import json

from kernel.ports import Json


def canonical(value: Json) -> bytes:
    """Return the RFC 8785 bytes.

    Floats are refused with TypeError because their canonical form invites mistakes; member names
    must be ASCII, for which sorting by code point equals the UTF-16 order that RFC 8785 asks for.
    """
    _check(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")


def _check(value: object) -> None:
    # Most values are words and whole numbers, hence they are asked for first.
    if value is None or isinstance(value, str | int):
        return
    if isinstance(value, dict):
        for name, item in value.items():
            if not (isinstance(name, str) and name.isascii()):
                message = f"member name must be ASCII text: {name!r}"
                raise TypeError(message)
            _check(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item)
    elif isinstance(value, float):
        message = "floats have no place in canonical JSON"
        raise TypeError(message)
    else:
        message = f"not JSON: {type(value).__name__}"
        raise TypeError(message)
