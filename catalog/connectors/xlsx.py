"""Excel workbooks, read by calamine: title rows, serial dates, ids damaged by number cells."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import fastexcel
import polars as pl

from catalog import headers
from catalog.blocks import Block, Broken, Layout, Position, complete
from catalog.errors import Code
from catalog.model import Source
from kernel.errors import TongbanError

ID_FLOAT_DAMAGE = "id-float-damage"
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
    filled = texts.select(
        pl.any_horizontal((pl.all().is_not_null()) & (pl.all() != "")).alias("filled")
    )["filled"]
    rows = pl.Series("_row", range(at.line, at.line + texts.height), pl.Int64)
    damaged = texts.select(pl.all().str.contains(_LONG).fill_null(value=False))
    damaged = damaged.select(
        pl.col(column) & pl.lit(marks[column].is_not_null()) for column in damaged.columns
    )
    hurt = damaged.select(pl.any_horizontal(pl.all()).alias("hurt"))["hurt"]
    cleaned = texts.select(
        pl.when(pl.col(column) != "").then(pl.col(column).str.replace(_MIDNIGHT, "$1"))
        for column in texts.columns
    )
    keep = filled & ~hurt
    broken = _damages(texts, damaged, rows, hurt)
    frame = complete(cleaned.filter(keep), source, name, rows.filter(keep))
    end = Position(at.offset + texts.height, at.line + texts.height)
    return Block(frame, tuple(broken), end)


def _damages(
    texts: pl.DataFrame, damaged: pl.DataFrame, rows: pl.Series, hurt: pl.Series
) -> Iterator[Broken]:
    """Yield one finding per row: the first damaged column stands for the row."""
    for number in hurt.arg_true().to_list():
        column = next(column for column in damaged.columns if damaged[column][number])
        yield Broken(rows[number], ID_FLOAT_DAMAGE, column, texts[column][number])
