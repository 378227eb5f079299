"""Finds the header of a file and the position of each mapped title."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from catalog.errors import Code
from catalog.model import Source
from kernel.errors import TongbanError

SEARCHED = 30
"""Rows at the top of a file among which the header is looked for."""


def normal(title: str | None) -> str:
    """Return a title without spaces and byte order mark, full-width forms folded (NFKC)."""
    folded = unicodedata.normalize("NFKC", title or "")
    return "".join(folded.replace("\ufeff", "").split())


def find(
    rows: Sequence[Sequence[str | None]], source: Source, name: str
) -> tuple[int, tuple[tuple[int, str], ...], tuple[str, ...]]:
    """Return the number of rows above the data, the mapped columns, and the titles not mapped.

    Raises TongbanError ``header-missing`` when the file is shorter than its header, and
    ``columns-missing`` with the titles that are missing and those that were found.
    """
    spec = source.delivery
    depth = spec.header_rows
    starts = range(SEARCHED) if spec.title_rows is None else (spec.title_rows,)
    best: tuple[list[str], list[str]] | None = None
    for start in starts:
        if start + depth > len(rows):
            break
        titles = _join(rows[start : start + depth])
        missing = _missing(titles, source)
        if not missing:
            columns, ignored = _columns(titles, source)
            return start + depth, columns, ignored
        if best is None or len(missing) < len(best[0]):
            best = (missing, titles)
    if best is None:
        raise TongbanError(Code.HEADER_MISSING, file=name, rows=len(rows))
    raise TongbanError(
        Code.COLUMNS_MISSING,
        file=name,
        missing="、".join(best[0]),
        found="、".join(title[:40] for title in best[1][:60] if title),
    )


def _join(rows: Sequence[Sequence[str | None]]) -> list[str]:
    """Join header rows; a merged group title stands leftmost and spreads to the right."""
    width = max(len(row) for row in rows)
    joined = [""] * width
    for depth, row in enumerate(rows):
        last = ""
        for position in range(width):
            cell = normal(row[position] if position < len(row) else "")
            upper = depth < len(rows) - 1
            last = cell or (last if upper else "")
            value = last if upper else cell
            if value and joined[position] != value:
                joined[position] = f"{joined[position]}/{value}" if joined[position] else value
    return joined


def _missing(titles: Sequence[str], source: Source) -> list[str]:
    optional = {normal(title) for title in source.delivery.optional}
    have = set(titles)
    return [
        title
        for title in source.columns
        if normal(title) not in have and normal(title) not in optional
    ]


def _columns(
    titles: Sequence[str], source: Source
) -> tuple[tuple[tuple[int, str], ...], tuple[str, ...]]:
    wanted = {normal(title): column for title, column in source.columns.items()}
    columns: list[tuple[int, str]] = []
    ignored: list[str] = []
    for position, title in enumerate(titles):
        column = wanted.pop(title, None)
        if column is not None:
            columns.append((position, column))
        elif title:
            ignored.append(title)
    return tuple(columns), tuple(ignored)
