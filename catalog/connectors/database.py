"""One table or view of a department's own database, read whole in one state of its data.

The rows are kept as JSON Lines, one object of texts a line, in the order of the key: the same rows
give the same bytes. The whole table is the truth, never the column of changes alone: that column
shows no deleted row, and a clock or a trigger that failed once would hide a change for ever.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from catalog.errors import Code
from catalog.fetching import Desk, entries, numbers, secret, secret_files
from catalog.model import DeliveredFile, Source
from kernel.errors import TongbanError
from storage.failures import of_files

if TYPE_CHECKING:
    from sqlalchemy import Connection, exc

    from catalog.blocks import Block, Layout, Position
    from catalog.tablereading import Order

_KNOWN = {
    "address_file": str, "schema": str, "table": str, "key": str, "changed": str,
    "page_rows": int, "seconds": int,
}  # fmt: skip
_MOST = {"page_rows": 50_000, "seconds": 86_400}
_PAGE_ROWS = 2000
_SECONDS = 900
_STATEMENT_SECONDS = 60


@dataclass(slots=True)
class _Read:
    """How far a read has come; ``before`` is the mark of the version that is current."""

    before: str
    since: float = field(default_factory=time.monotonic)
    rows: int = 0
    size: int = 0
    mark: str = ""
    touched: int = 0


class LiveTable:
    """Brings a table or view by SQLAlchemy; SQLite and PostgreSQL."""

    def problems(self, fetch: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong with ``[fetch]``."""
        yield from entries(fetch, _KNOWN, "address_file", "table", "key")
        yield from secret_files(fetch)
        yield from numbers(fetch, _MOST)

    def fetch(self, source: Source, desk: Desk) -> tuple[DeliveredFile, ...]:
        """Read the table into one file.

        Raises TongbanError ``address-file``, ``database-url``, ``source-unreachable``,
        ``source-refused``, ``source-slow``, ``source-broke-off``, ``source-failing``,
        ``table-missing``, ``columns-missing``, ``key-unusable``, ``delivery-empty``,
        ``delivery-too-large`` or ``disk-full``. A read that broke off starts anew with the next
        run: the state of the data to which its rows belonged is gone.
        """
        address = secret(source.fetch["address_file"])
        name = f"{source.fetch['table']}.jsonl"
        with desk.cleared() as folder:
            staged = folder / "rows"
            read = _Read(desk.mark)
            _copy(address, source, staged, read)
            if not read.rows:
                raise TongbanError(Code.DELIVERY_EMPTY, file=name)
            kept = desk.objects.put_file(staged)
        touched = read.touched if read.mark and desk.mark else None
        return (DeliveredFile(name, kept, read.size, read.mark, touched),)

    def examine(self, path: Path, name: str, source: Source) -> Layout:
        """Take the columns from the first row; see ``catalog.blocks.Connector``."""
        from catalog import jsonrows

        return jsonrows.layout(_titles(path), source, name)

    def blocks(
        self, path: Path, name: str, source: Source, layout: Layout, start: Position
    ) -> Iterator[Block]:
        """Yield blocks of about ``block_bytes``; see ``catalog.blocks.Connector``."""
        from catalog import jsonrows
        from catalog.blocks import Position

        titles, at = _titles(path), start
        for raw in _pieces(path, start.offset, source.delivery.block_bytes):
            found = [json.loads(line) for line in raw.splitlines()]
            end = Position(at.offset + len(raw), at.line + len(found))
            yield jsonrows.block(found, titles, layout, source, name, first=at.line, end=end)
            at = end


CONNECTOR = LiveTable()


def _copy(address: str, source: Source, staged: Path, read: _Read) -> None:
    from sqlalchemy import exc

    from storage.foreign import reading

    order = _order(source)
    try:
        with (
            of_files("parts"),
            staged.open("xb") as file,
            reading(address, min(_STATEMENT_SECONDS, order.seconds)) as connection,
        ):
            _write(connection, order, source, file, read)
    except exc.DBAPIError as error:
        raise _failure(error, source, read) from error


def _write(
    connection: Connection, order: Order, source: Source, file: IO[bytes], read: _Read
) -> None:
    from catalog import tablereading

    changed = source.fetch.get("changed")
    limit = source.delivery.max_bytes
    found = tablereading.find(connection, order)
    for row in tablereading.lines(connection, found, order):
        line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        file.write(line)
        read.rows += 1
        read.size += len(line)
        if read.size > limit:
            raise TongbanError(
                Code.DELIVERY_TOO_LARGE, file=order.table, size=read.size, limit=limit
            )
        mark = row.get(changed) if changed else None
        if isinstance(mark, str) and mark[:1].isdigit():  # "infinity" would stay for ever
            read.touched += tablereading.newer(mark, read.before)
            read.mark = mark if tablereading.newer(mark, read.mark) else read.mark


def _order(source: Source) -> Order:
    from catalog.tablereading import Order

    fetch = source.fetch
    extra = [fetch["key"], *([fetch["changed"]] if "changed" in fetch else [])]
    return Order(
        source=source.name,
        schema=fetch.get("schema", ""),
        table=fetch["table"],
        key=fetch["key"],
        columns=tuple(dict.fromkeys([*extra, *source.columns])),
        optional=frozenset(source.delivery.optional) - set(extra),
        page_rows=fetch.get("page_rows", _PAGE_ROWS),
        seconds=fetch.get("seconds", _SECONDS),
    )


def _failure(error: exc.DBAPIError, source: Source, read: _Read) -> TongbanError:
    from storage.foreign import Trouble, trouble

    kind = trouble(error)
    if kind is Trouble.SLOW:
        passed = max(1, round(time.monotonic() - read.since))
        return TongbanError(Code.SOURCE_SLOW, source=source.name, seconds=passed)
    if kind is Trouble.DENIED:
        return TongbanError(Code.SOURCE_REFUSED, source=source.name, reason="login")
    if kind in {Trouble.AWAY, Trouble.DAMAGED} and not read.rows:
        return TongbanError(Code.SOURCE_UNREACHABLE, source=source.name, reason=str(kind))
    if kind in {Trouble.AWAY, Trouble.DAMAGED}:
        return TongbanError(Code.SOURCE_BROKE_OFF, source=source.name, came=read.rows)
    return TongbanError(Code.SOURCE_FAILING, source=source.name, reason="query")


def _titles(path: Path) -> list[str]:
    with path.open("rb") as file:
        return list(json.loads(file.readline()))


def _pieces(path: Path, offset: int, size: int) -> Iterator[bytes]:
    """Yield whole lines of about ``size`` bytes together, from a place on."""
    with path.open("rb") as file:
        file.seek(offset)
        while data := file.read(size):
            yield data + file.readline() if not data.endswith(b"\n") else data
