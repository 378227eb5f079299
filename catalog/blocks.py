"""What a connector hands to the rules: a block of text columns, and the lines it could not read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from catalog.model import Source

ROW = "_row"
FILE = "_file"


@dataclass(frozen=True, slots=True)
class Position:
    """Where the next block starts: byte offset (rows for sheets) and 1-based line or sheet row."""

    offset: int
    line: int


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that could not be read. ``raw`` is base64 of its bytes, or the cell's text."""

    row: int
    rule: str
    column: str
    raw: str


@dataclass(frozen=True, slots=True)
class Block:
    """Records of one stretch of a file.

    ``frame`` has the mapped standard columns as Utf8 (null where the field is empty), then ``_row``
    (Int64, 1-based line or sheet row on which the record starts) and ``_file`` (Utf8).
    """

    frame: pl.DataFrame
    broken: tuple[Broken, ...]
    end: Position

    @property
    def rows_in(self) -> int:
        """Records of the department's file in this block, readable or not."""
        return self.frame.height + len(self.broken)


@dataclass(frozen=True, slots=True)
class Layout:
    """How one file is to be read, found by looking at its head and tail.

    ``columns`` are (position in the record, standard column). ``ignored`` titles are not mapped.
    """

    encoding: str
    width: int
    columns: tuple[tuple[int, str], ...]
    start: Position
    ignored: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Standard columns that the file has."""
        return tuple(column for _, column in self.columns)


class Connector(Protocol):
    """How bytes become blocks; each module of ``catalog/connectors`` offers one as CONNECTOR."""

    def examine(self, path: Path, name: str, source: Source) -> Layout:
        """Look at head and tail; raises TongbanError for a file that cannot be read at all."""

    def blocks(
        self, path: Path, name: str, source: Source, layout: Layout, start: Position
    ) -> Iterator[Block]:
        """Yield blocks from ``start`` on; boundaries depend on bytes and block size alone."""


def complete(frame: pl.DataFrame, source: Source, name: str, rows: pl.Series) -> pl.DataFrame:
    """Return every mapped column in order (null where the file lacks it), then row and file."""
    wanted = [
        pl.col(column) if column in frame.columns else pl.lit(None, pl.String).alias(column)
        for column in source.columns.values()
    ]
    return frame.select(*wanted).with_columns(
        rows.cast(pl.Int64).alias(ROW), pl.lit(name).alias(FILE)
    )
