"""Lines of separated text to records: RFC 4180 quoting, and every line that breaks it named.

Whole blocks are counted with NumPy; only lines that hold a quotation mark are read one by one.
"""

from __future__ import annotations

import base64
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
import numpy.typing as npt
import polars as pl

from catalog.blocks import Broken

LINE_ENCODING = "line-undecodable"
LINE_FIELDS = "field-count"
LINE_QUOTES = "line-quotes"
RECORD_SHAPE = "record-shape"
QUOTE = '"'
MAX_LINES = 64
"""Lines that one quoted field may span; a mark left open for longer is a fault of its line."""
_KEPT = 64 * 1024
_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Dialect:
    """Separator and number of fields."""

    separator: str
    width: int


@dataclass(slots=True)
class Arranged:
    """Lines of a block sorted into what they are. Numbers count lines of the block from 0."""

    starts: _Ints
    ends: _Ints
    plain: _Ints
    quoted: list[tuple[int, list[str]]] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    consumed: int = 0
    """Lines that are settled; the rest belongs to a record that goes on in the next block."""


def arrange(data: bytes, bad: Sequence[int], dialect: Dialect, *, final: bool) -> Arranged:
    """Sort the lines of ``data`` (UTF-8, LF) into plain, quoted and broken records."""
    buffer = np.frombuffer(data, np.uint8)
    newlines = np.flatnonzero(buffer == ord("\n")).astype(np.int64)
    open_end = bool(data) and not data.endswith(b"\n")
    ends = np.append(newlines, len(data)) if open_end else newlines
    starts = np.concatenate((np.zeros(1, np.int64), newlines + 1))[: len(ends)]
    quotes = _count(buffer, QUOTE, starts, ends)
    found = Arranged(starts, ends, np.empty(0, np.int64), consumed=len(ends))
    free = ends > starts
    free[list(bad)] = False
    if quotes.any():
        _quoted(data, found, dialect, quotes, free, final=final)
    free[found.consumed :] = False
    fields = _count(buffer, dialect.separator, starts, ends) + 1
    fits = fields == dialect.width
    found.plain = np.flatnonzero(free & fits)
    for number in np.flatnonzero(free & ~fits).tolist():
        found.broken.append(_broken(data, found, number, LINE_FIELDS))
    return found


def _count(buffer: npt.NDArray[np.uint8], mark: str, starts: _Ints, ends: _Ints) -> _Ints:
    """Count an ASCII mark per line; ASCII bytes never occur inside a UTF-8 sequence."""
    places = np.flatnonzero(buffer == ord(mark))
    if not len(places):
        return np.zeros(len(ends), np.int64)
    counted: _Ints = np.searchsorted(places, ends) - np.searchsorted(places, starts)
    return counted


def _quoted(
    data: bytes,
    found: Arranged,
    dialect: Dialect,
    quotes: _Ints,
    free: npt.NDArray[np.bool_],
    *,
    final: bool,
) -> None:
    """Read lines with quotation marks; clear in ``free`` the lines that are dealt with."""
    odd = iter(np.flatnonzero((quotes % 2 == 1) & free).tolist())
    opened = next(odd, None)
    while opened is not None:
        closed = next(odd, None)
        if closed is None and not final and opened > len(quotes) - MAX_LINES and opened > 0:
            found.consumed = opened
            break
        near = closed is not None and closed - opened < MAX_LINES
        fields = _read(data, found, opened, closed, dialect) if closed and near else None
        if fields is None:
            found.broken.append(_broken(data, found, opened, LINE_QUOTES))
            free[opened] = False
            opened = closed
            continue
        found.quoted.append((opened, fields))
        free[opened : (closed or opened) + 1] = False
        opened = next(odd, None)
    rest = (quotes > 0) & free
    rest[found.consumed :] = False
    for number in np.flatnonzero(rest).tolist():
        _single(data, found, number, dialect)
    free[rest] = False


def _single(data: bytes, found: Arranged, number: int, dialect: Dialect) -> None:
    fields = parse_line(_text(data, found, number, number), dialect.separator)
    if fields is None:
        found.broken.append(_broken(data, found, number, LINE_QUOTES))
    elif len(fields) != dialect.width:
        found.broken.append(_broken(data, found, number, LINE_FIELDS))
    else:
        found.quoted.append((number, fields))


def _read(
    data: bytes, found: Arranged, first: int, last: int, dialect: Dialect
) -> list[str] | None:
    fields = parse_line(_text(data, found, first, last), dialect.separator)
    return fields if fields is not None and len(fields) == dialect.width else None


def _text(data: bytes, found: Arranged, first: int, last: int) -> str:
    return data[int(found.starts[first]) : int(found.ends[last])].decode("utf-8")


def parse_line(text: str, separator: str) -> list[str] | None:
    """Read one record strictly; None where its quotation marks are wrong."""
    try:
        rows = list(csv.reader([text], delimiter=separator, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _broken(data: bytes, found: Arranged, number: int, rule: str) -> Broken:
    line = data[int(found.starts[number]) : int(found.ends[number])]
    return Broken(number, rule, "", base64.b64encode(line[:_KEPT]).decode("ascii"))


def undecodable(lines: Sequence[bytes], numbers: Sequence[int]) -> Iterator[Broken]:
    """Yield the findings for lines whose bytes the encoding does not know."""
    for line, number in zip(lines, numbers, strict=True):
        yield Broken(number, LINE_ENCODING, "", base64.b64encode(line[:_KEPT]).decode("ascii"))


def frame(
    data: bytes, found: Arranged, dialect: Dialect, columns: Sequence[tuple[int, str]]
) -> tuple[pl.DataFrame, pl.Series]:
    """Return the mapped columns as Utf8, empty fields null, and each record's line from 0."""
    names = [f"{position}" for position in range(dialect.width)]
    picked = [pl.col(f"{position}").alias(column) for position, column in columns]
    plain = _plain(data, found, dialect, names)
    numbers = found.plain
    if found.quoted:
        texts = [[value or None for value in fields] for _, fields in found.quoted]
        schema = dict.fromkeys(names, pl.String)
        plain = pl.concat([plain, pl.DataFrame(texts, schema=schema, orient="row")])
        numbers = np.append(numbers, [number for number, _ in found.quoted])
    return plain.select(picked), pl.Series("_line", numbers, pl.Int64)


def _plain(data: bytes, found: Arranged, dialect: Dialect, names: list[str]) -> pl.DataFrame:
    schema = dict.fromkeys(names, pl.String)
    if not len(found.plain):
        return pl.DataFrame(schema=schema)
    if len(found.plain) == len(found.ends):
        body = data
    else:
        begins, stops = found.starts[found.plain].tolist(), found.ends[found.plain].tolist()
        body = b"\n".join(data[begin:stop] for begin, stop in zip(begins, stops, strict=True))
    return pl.read_csv(
        BytesIO(body),
        has_header=False,
        schema=schema,
        separator=dialect.separator,
        quote_char=None,
    )
