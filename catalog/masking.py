"""How values are shown to people who need the fault, not the person (脱敏)."""

from __future__ import annotations

from quality.model import Mask

_HIDDEN = "*"


def masked(value: str, mask: Mask) -> str:
    """Return a value shortened by the mask of its data element.

    Ids keep three characters in front and two behind, names the first, addresses the first six.
    """
    if not value or mask is Mask.NONE:
        return value
    if mask is Mask.NAME:
        return value[0] + _HIDDEN * (len(value) - 1)
    if mask is Mask.ADDRESS:
        return value[:6] + _HIDDEN * max(0, len(value) - 6)
    if len(value) <= 5:
        return _HIDDEN * len(value)
    return value[:3] + _HIDDEN * (len(value) - 5) + value[-2:]


def line(raw: str) -> str:
    """Return what may be said of an unreadable line: its size, since anything may be in it."""
    padding = raw[-2:].count("=")
    return f"{len(raw) * 3 // 4 - padding} bytes"
