"""Reads one table or view of a foreign database in the order of its key, page by page.

All pages belong to one transaction and hence to one state of the data. A page starts after the
key at which the one before it ended, so that no page costs more than the first.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, FromClause, bindparam, column, func, inspect, select, table
from sqlalchemy.types import TypeEngine

from catalog.errors import Code
from kernel.errors import TongbanError

_STEP = 500
Cell = str | dict[str, str] | None


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be read. Names as written in the source file; case is forgiven."""

    source: str
    schema: str
    table: str
    key: str
    columns: tuple[str, ...]
    optional: frozenset[str]
    page_rows: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Found:
    """The table as the database calls it: ``names`` maps the order's names to its columns."""

    table: FromClause
    names: Mapping[str, str]
    key_type: TypeEngine[Any] | None
    """What a value of the key must be cast to; None where the database compares without."""


def find(connection: Connection, order: Order) -> Found:
    """Look the table and its columns up; raises ``table-missing`` or ``columns-missing``."""
    looker = inspect(connection)
    schema = order.schema or None
    for name in dict.fromkeys((order.table, order.table.lower(), order.table.upper())):
        if looker.has_table(name, schema):
            break
    else:
        raise TongbanError(Code.TABLE_MISSING, source=order.source, table=order.table)
    kinds = {str(known["name"]): known["type"] for known in looker.get_columns(name, schema)}
    have = list(kinds)
    folded = {title.casefold(): title for title in have}
    names = {
        title: title if title in have else folded.get(title.casefold(), "")
        for title in order.columns
    }
    missing = [title for title, own in names.items() if not own and title not in order.optional]
    if missing:
        raise TongbanError(
            Code.COLUMNS_MISSING,
            file=order.table,
            missing="、".join(missing),
            found="、".join(title[:40] for title in have[:60]),
        )
    names = {title: own for title, own in names.items() if own}
    chosen = table(name, *(column(own) for own in names.values()), schema=schema)
    # SQLite has no such cast, and its types would change the texts that are compared
    typed = connection.dialect.name != "sqlite"
    return Found(chosen, names, kinds[names[order.key]] if typed else None)


def lines(connection: Connection, found: Found, order: Order) -> Iterator[Mapping[str, Cell]]:
    """Yield every row as texts by name, in the order of the key.

    Raises ``key-unusable`` when a key is empty or occurs twice, or when fewer rows came than the
    table has: going on after the last key would lose rows. Raises ``source-slow`` at the limit.
    """
    until = time.monotonic() + order.seconds
    place = tuple(found.names).index(order.key)
    told = connection.scalar(select(func.count()).select_from(found.table))
    came = 0
    for rows in _pages(connection, found, order, place):
        if time.monotonic() > until:
            raise TongbanError(Code.SOURCE_SLOW, source=order.source, seconds=order.seconds)
        for row in rows:
            yield dict(zip(found.names, (text(value) for value in row), strict=True))
        came += len(rows)
    if came != told:
        raise _unusable(order)


def _pages(
    connection: Connection, found: Found, order: Order, place: int
) -> Iterator[Sequence[Sequence[Any]]]:
    key = found.table.c[found.names[order.key]]
    asked = select(*found.table.c).order_by(key).limit(order.page_rows)
    last: list[Any] = []
    while True:
        after = bindparam("after", last[0] if last else None, type_=found.key_type)
        page = asked.where(key > after) if last else asked
        answer = connection.execute(page, execution_options={"yield_per": _STEP})
        rows = [row for part in answer.partitions() for row in part]
        keys = last + [row[place] for row in rows]
        if any(value is None for value in keys) or any(a == b for a, b in pairwise(keys)):
            raise _unusable(order)
        yield rows
        if len(rows) < order.page_rows:
            return
        last = keys[-1:]


def _unusable(order: Order) -> TongbanError:
    return TongbanError(Code.KEY_UNUSABLE, source=order.source, table=order.table, key=order.key)


def text(value: object) -> Cell:
    """Return a value as text that is the same for the same value on every run.

    Numbers keep all their digits and have no exponent; dates and times are texts already, see
    ``storage.foreign``. What is no text, number, time or truth value becomes an object, which no
    rule takes for a text.
    """
    return _FORMS.get(type(value), str)(value)


def _bytes(value: bytes) -> Cell:
    return {"base64": base64.b64encode(value).decode("ascii")}


def _nested(value: object) -> Cell:
    return {"json": json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)}


_FORMS: Mapping[type, Callable[[Any], Cell]] = {
    type(None): lambda _: None,
    bool: lambda value: "true" if value else "false",
    float: lambda value: format(Decimal(repr(value)), "f"),
    Decimal: lambda value: format(value, "f"),
    bytes: _bytes,
    memoryview: _bytes,
    list: _nested,
    dict: _nested,
    tuple: _nested,
}
"""By exact type; all others, dates among them, have the text that ``str`` gives."""


def newer(mark: str, other: str) -> bool:
    """Tell whether a mark lies above another: by value for whole numbers, else as text."""
    if mark.isdecimal() and other.isdecimal():
        return int(mark) > int(other)
    return mark > other
