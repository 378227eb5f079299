"""Shortened forms of personal values (脱敏) for reports, pages and Data Docs."""

from __future__ import annotations

from quality.model import Mask

STAR = "＊"


def mask(value: str, kind: Mask) -> str:
    """Return ``value`` in a form that does not identify anybody; the empty text stays empty.

    Ids keep the province and the last character, names the first character, addresses the first
    six; what is too short for that is covered whole.
    """
    if not value or kind is Mask.NONE:
        return value
    if kind is Mask.ID:
        return covered(value, 2, 1)
    if kind is Mask.NAME:
        return covered(value, 1, 0)
    return covered(value, 6, 0)


def covered(value: str, first: int, last: int) -> str:
    """Return ``value`` with all but its first and last characters covered."""
    if len(value) <= first + last:
        return STAR * len(value)
    middle = STAR * (len(value) - first - last)
    return value[:first] + middle + value[len(value) - last :]
