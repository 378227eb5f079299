"""Excel workbooks, read by calamine: title rows, serial dates, ids damaged by number cells.

A number cell keeps 15 digits. A longer one arrives in exponent form (``4.1e+17``), by which the
elements know that its digits are lost; as plain digits it would look like somebody's id.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import fastexcel
import polars as pl

from catalog import headers
from catalog.blocks import Block, Layout, Position, complete
from catalog.errors import Code
from catalog.model import Source
from kernel.errors import TongbanError

_ROWS = 20_000
_LONG = r"^\d{16,}$"
_MIDNIGHT = r"^(\d{4}-\d{2}-\d{2}) 00:00:00$"


class Workbook:
    """Reads one worksheet per file. The library holds the sheet; blocks bound the rest."""

    def examine(self, path: Path, name: str, source: Source) -> Layout:
        """Open the workbook and find the header; see ``catalog.blocks.Connector``.

        Raises TongbanError ``delivery-truncated`` for a broken archive, ``delivery-too-large`` when
        it unpacks to more than the limit, ``delivery-unreadable``, ``header-missing`` or
        ``columns-missing``.
        """
        _check_archive(path, name, source.delivery.max_bytes)
        depth = headers.SEARCHED + source.delivery.header_rows
        head = _load(path, name, source, rows=depth).rows()
        above, columns, ignored = headers.find(head, source, name)
        width = len(head[0])
        return Layout("xlsx", width, columns, Position(above, above + 1), ignored)

    def blocks(
        self, path: Path, name: str, source: Source, layout: Layout, start: Position
    ) -> Iterator[Block]:
        """Yield blocks of 20,000 sheet rows; see ``catalog.blocks.Connector``."""
        picked = [pl.nth(position).alias(column) for position, column in layout.columns]
        texts = _load(path, name, source).select(picked)
        numbers = _load(path, name, source, dtype="boolean").select(picked)
        for offset in range(start.offset, texts.height, _ROWS):
            stop = min(offset + _ROWS, texts.height)
            part, marks = texts[offset:stop], numbers[offset:stop]
            yield _block(part, marks, name, source, Position(offset, offset + 1))


CONNECTOR = Workbook()


def _check_archive(path: Path, name: str, limit: int) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        with path.open("rb") as file:
            whole = file.read(2) != b"PK"
        code = Code.DELIVERY_UNREADABLE if whole else Code.DELIVERY_TRUNCATED
        size = path.stat().st_size
        raise TongbanError(code, file=name, size=size, reason="not a workbook") from error
    if unpacked > limit:
        raise TongbanError(Code.DELIVERY_TOO_LARGE, file=name, size=unpacked, limit=limit)


def _load(
    path: Path, name: str, source: Source, rows: int | None = None, dtype: str = "string"
) -> pl.DataFrame:
    """Read a sheet without header, every cell as ``dtype``.

    As booleans, numbers become true and texts null: the only way here to tell one from the other.
    """
    try:
        book = fastexcel.read_excel(path)
        sheet = book.load_sheet(
            source.delivery.sheet or 0, header_row=None, skip_rows=0, n_rows=rows, dtypes=dtype
        )
        frame: pl.DataFrame = sheet.to_polars()
    except fastexcel.FastExcelError as error:
        reason = str(error).splitlines()[0][:120]
        size = path.stat().st_size
        raise TongbanError(Code.DELIVERY_UNREADABLE, file=name, size=size, reason=reason) from error
    return frame


def _block(
    texts: pl.DataFrame, marks: pl.DataFrame, name: str, source: Source, at: Position
) -> Block:
    rows = pl.Series("_row", range(at.line, at.line + texts.height), pl.Int64)
    cleaned = pl.DataFrame([_clean(texts[column], marks[column]) for column in texts.columns])
    filled = cleaned.select(pl.any_horizontal(pl.all().is_not_null()).alias("filled"))["filled"]
    frame = complete(cleaned.filter(filled), source, name, rows.filter(filled))
    return Block(frame, (), Position(at.offset + texts.height, at.line + texts.height))


def _clean(cells: pl.Series, numeric: pl.Series) -> pl.Series:
    """Return null for empty cells, plain dates, and the exponent form of damaged numbers."""
    name = cells.name
    cleaned = cells.str.replace(_MIDNIGHT, "$1")
    cleaned = cleaned.set(cleaned == "", None)
    damaged = cells.str.contains(_LONG).fill_null(value=False) & numeric.is_not_null()
    if damaged.any():
        forms = [repr(float(value)) for value in cells.filter(damaged)]
        cleaned = cleaned.scatter(damaged.arg_true(), forms)
    return cleaned.alias(name)
