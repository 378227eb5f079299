"""Separated text: UTF-8 or GB 18030, quoted newlines, blocks of bounded memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from catalog import decoding, headers, records
from catalog.blocks import Block, Broken, Layout, Position, complete
from catalog.errors import Code
from catalog.model import Source
from kernel.errors import TongbanError

_HEAD = 1024 * 1024
_TAIL = 64 * 1024


class SeparatedText:
    """Reads files of one record per line, fields parted by one ASCII character."""

    def examine(self, path: Path, name: str, source: Source) -> Layout:
        """Find encoding, header and start of the data; see ``catalog.blocks.Connector``.

        Raises TongbanError ``encoding-unknown``, ``header-missing``, ``columns-missing``,
        ``line-too-long`` or ``delivery-truncated``.
        """
        encoding = decoding.detect(path, name, source.delivery.encoding)
        with path.open("rb") as file:
            head = file.read(_HEAD)
        depth = headers.SEARCHED + source.delivery.header_rows
        lines = [line + b"\n" for line in head.split(b"\n", depth)[:depth]]
        texts = [decoding.decode(line, encoding) or "" for line in lines]
        separator = source.delivery.separator
        rows = [records.parse_line(text.rstrip("\r\n"), separator) or [] for text in texts]
        above, columns, ignored = headers.find(rows, source, name)
        offset = sum(len(line) for line in lines[:above])
        width = len(rows[above - 1])
        layout = Layout(encoding, width, columns, Position(offset, above + 1), ignored)
        _check_tail(path, name, layout, separator)
        return layout

    def blocks(
        self, path: Path, name: str, source: Source, layout: Layout, start: Position
    ) -> Iterator[Block]:
        """Yield blocks of about ``block_bytes``; see ``catalog.blocks.Connector``."""
        at = start
        with path.open("rb") as file:
            while True:
                raw, final = _read(file, at, source.delivery.block_bytes, name)
                if raw:
                    block = _block(raw, name, source, layout, at, final=final)
                    at = block.end
                    yield block
                if final:
                    return


CONNECTOR = SeparatedText()


def _read(file: BinaryIO, at: Position, size: int, name: str) -> tuple[bytes, bool]:
    """Return whole lines from ``at`` on, and whether the file ends with them."""
    file.seek(at.offset)
    data = file.read(size)
    if len(data) < size or not file.read(1):
        return data, True
    end = data.rfind(b"\n") + 1
    if not end:
        raise TongbanError(Code.LINE_TOO_LONG, file=name, line=at.line, limit=size)
    return data[:end], False


def _block(
    raw: bytes, name: str, source: Source, layout: Layout, at: Position, *, final: bool
) -> Block:
    data, bad = decoding.to_utf8(raw.replace(b"\r\n", b"\n"), layout.encoding)
    dialect = records.Dialect(source.delivery.separator, layout.width)
    found = records.arrange(data, bad, dialect, final=final)
    parsed, lines = records.frame(data, found, dialect, layout.columns)
    bad = [number for number in bad if number < found.consumed]
    broken = [*found.broken, *_undecodable(raw, bad)]
    frame = complete(parsed, source, name, lines + at.line)
    return Block(
        frame.sort("_row") if found.quoted else frame,
        tuple(_placed(item, at.line) for item in sorted(broken, key=lambda item: item.row)),
        _end(raw, found.consumed, len(found.ends), at),
    )


def _undecodable(raw: bytes, bad: list[int]) -> Iterator[Broken]:
    if bad:
        lines = raw.replace(b"\r\n", b"\n").split(b"\n")
        yield from records.undecodable([lines[number] for number in bad], bad)


def _placed(item: Broken, first_line: int) -> Broken:
    return replace(item, row=item.row + first_line)


def _end(raw: bytes, consumed: int, lines: int, at: Position) -> Position:
    if consumed == lines:
        return Position(at.offset + len(raw), at.line + lines)
    newlines = np.flatnonzero(np.frombuffer(raw, np.uint8) == ord("\n"))
    return Position(at.offset + int(newlines[consumed - 1]) + 1, at.line + consumed)


def _check_tail(path: Path, name: str, layout: Layout, separator: str) -> None:
    """Refuse a file whose last line has no newline and too few fields: its end is missing."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(layout.start.offset, size - _TAIL))
        tail = file.read()
    last = tail[tail.rfind(b"\n") + 1 :]
    if not last or last.count(b'"') % 2:
        return
    text = decoding.decode(last, layout.encoding)
    fields = records.parse_line(text, separator) if text is not None else None
    if fields is None or len(fields) < layout.width:
        raise TongbanError(Code.DELIVERY_TRUNCATED, file=name, size=size)
