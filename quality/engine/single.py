"""One value at a time: what a clerk types, what a request carries."""

from __future__ import annotations

import polars as pl

from quality.engine.shape import Context, Reader
from quality.model import Column, Reading


def read(reader: Reader, text: str | None, context: Context) -> Reading:
    """Return the standard form of ``text`` and the rule it breaks; blank text reads as ``""``."""
    column = Column("value", reader.element.name, reader.element.code)
    own = context.of(column, reader.element)
    values = reader.normalise(pl.Series("value", [text], dtype=pl.String), own)
    verdict = int(reader.judge(values, own)[0])
    rule = str(reader.rules[verdict - 1]) if verdict else ""
    return Reading(values[0] or "", rule)
