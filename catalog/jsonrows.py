"""Records of JSON to a block of text columns; records that are no row are named, not dropped."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from catalog import headers
from catalog.blocks import Block, Broken, Layout, Position, complete
from catalog.model import Source
from catalog.records import RECORD_SHAPE

_KEPT = 64 * 1024


def layout(titles: Sequence[str], source: Source, name: str) -> Layout:
    """Return which of the records' members are which columns; raises ``columns-missing``."""
    # Members have no rows above them, whatever the source file says about headers.
    _, columns, ignored = headers.find([titles] * source.delivery.header_rows, source, name)
    return Layout("utf-8", len(titles), columns, Position(0, 1), ignored)


def block(
    found: Sequence[object],
    titles: Sequence[str],
    layout: Layout,
    source: Source,
    name: str,
    *,
    first: int,
    end: Position,
) -> Block:
    """Return records as a block; the first one has the number ``first``.

    A record that is no object, or whose mapped value is a list, an object or no Unicode text, is
    broken by the rule ``record-shape``.
    """
    picked = [(titles[position], column) for position, column in layout.columns]
    columns: dict[str, list[str | None]] = {column: [] for _, column in picked}
    numbers: list[int] = []
    broken: list[Broken] = []
    for number, record in enumerate(found, first):
        fault = _fault(record, picked)
        if fault is not None:
            broken.append(Broken(number, RECORD_SHAPE, fault, _raw(record)))
            continue
        numbers.append(number)
        for title, column in picked:
            columns[column].append(_text(record.get(title)))  # type: ignore[attr-defined] # _fault saw an object
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    rows = pl.Series("_line", numbers, pl.Int64)
    return Block(complete(frame, source, name, rows), tuple(broken), end)


def _fault(record: object, picked: Sequence[tuple[str, str]]) -> str | None:
    """Return the column that makes a record unreadable, empty for the record itself, or None."""
    if not isinstance(record, Mapping):
        return ""
    for title, column in picked:
        value: Any = record.get(title)
        if isinstance(value, str) and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:  # half of a surrogate pair
                return column
        elif not (value is None or isinstance(value, str | bool)):
            return column
    return None


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value or None


def _raw(record: object) -> str:
    return base64.b64encode(json.dumps(record).encode()[:_KEPT]).decode("ascii")
