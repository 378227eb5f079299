"""Cells that hold several values (多值项): split, read one by one, joined by 、 again."""

from __future__ import annotations

import numpy as np
import polars as pl

from quality.engine import text
from quality.engine.shape import Context, Flags, Judge, Normalise, Verdicts, flags_of, no_verdicts

SEPARATOR = "、"
"""Between the values of a cell in standard form."""
_BETWEEN = r"\s*[、;；，|\r\n]+\s*"
_NONE = 255


def normalise(
    raw: pl.Series, one: Normalise, context: Context, between: str = _BETWEEN
) -> pl.Series:
    """Return cells with each value in the standard form of ``one``; empty values are dropped.

    ``between`` is the pattern of what departments write between values.
    """
    cells = text.tidy(raw.str.replace_all(between, SEPARATOR))
    frame = pl.DataFrame({"cell": cells}).with_row_index().drop_nulls()
    parts = frame.with_columns(frame["cell"].str.split(SEPARATOR)).explode("cell")
    parts = parts.with_columns(one(parts["cell"], context).alias("cell")).drop_nulls()
    joined = parts.group_by("index", maintain_order=True).agg(pl.col("cell").str.join(SEPARATOR))
    found = pl.Series(raw.name, [None] * len(raw), dtype=pl.String)
    return found.scatter(joined["index"], joined["cell"]) if joined.height else found


def judge(values: pl.Series, one: Judge, context: Context) -> Verdicts:
    """Return for each cell the verdict of ``one`` that comes first among its values."""
    verdicts = no_verdicts(len(values))
    places = np.flatnonzero(flags_of(values.is_not_null()))
    if not len(places):
        return verdicts
    lists = values.gather(places).str.split(SEPARATOR)
    counts = lists.list.len().to_numpy().astype(np.int64)
    found = one(lists.explode(), context).copy()
    found[found == 0] = _NONE
    first = np.minimum.reduceat(found, np.cumsum(counts) - counts)
    first[first == _NONE] = 0
    verdicts[places] = first
    return verdicts


def repeated(values: pl.Series) -> Flags:
    """Tell which cells name the same value twice."""
    lists = values.str.split(SEPARATOR)
    return flags_of(lists.list.n_unique() != lists.list.len())


def append(verdicts: Verdicts, flags: Flags, place: int) -> Verdicts:
    """Return ``verdicts`` with ``place`` where ``flags`` are set and nothing was found before."""
    verdicts[(verdicts == 0) & flags] = place
    return verdicts
