"""Bytes of PDF objects: numbers, strings, streams, the cross-reference table."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

ONCE, EACH = 9, 1
"""Levels of compression: for what is packed once for a template, and for each certificate."""

HEADER = b"%PDF-1.7\n%\xe9\x80\x9a\xe5\x8a\x9e\n"
"""Version line and a comment of high bytes, so that transfers treat the file as binary."""


@dataclass(frozen=True, slots=True)
class Body:
    """Some numbered objects in file order: their bytes and where each begins."""

    data: bytes
    offsets: tuple[int, ...]


@lru_cache(maxsize=16384)
def number(value: float) -> str:
    """Return a number with at most three decimals and no exponent."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


@lru_cache(maxsize=4096)
def text_string(text: str) -> bytes:
    """Return a text string in UTF-16 with byte order mark, written in hexadecimal."""
    return b"<FEFF" + text.encode("utf-16-be").hex().upper().encode() + b">"


def date_string(at: datetime) -> bytes:
    """Return a date (7.9.4) with its offset from UTC."""
    offset = f"{at:%z}" or "+0000"
    return f"(D:{at:%Y%m%d%H%M%S}{offset[:3]}'{offset[3:5]}')".encode()


def stream(data: bytes, entries: bytes = b"", *, level: int) -> bytes:
    """Return a stream object, compressed at a ``level`` from 1 to 9, or plain at 0."""
    packed = zlib.compress(data, level) if level else data
    filtered = b"/Filter/FlateDecode" if level else b""
    head = b"<<%s%s/Length %d>>stream\n" % (entries, filtered, len(packed))
    return head + packed + b"\nendstream"


def body(objects: Sequence[bytes], first: int, offset: int) -> Body:
    """Number some objects from ``first`` on and place them from byte ``offset`` on."""
    parts, offsets = [], []
    for place, content in enumerate(objects):
        part = b"%d 0 obj\n%s\nendobj\n" % (first + place, content)
        offsets.append(offset)
        offset += len(part)
        parts.append(part)
    return Body(b"".join(parts), tuple(offsets))


def ending(offsets: Sequence[int], start: int, entries: Mapping[str, bytes]) -> bytes:
    """Return cross-reference table, trailer and the pointer to the table at byte ``start``."""
    count = len(offsets) + 1
    table = [b"xref\n0 %d\n0000000000 65535 f \n" % count]
    table += [b"%010d 00000 n \n" % offset for offset in offsets]
    written = b"".join(b"/%s %s" % (name.encode(), value) for name, value in entries.items())
    table.append(b"trailer\n<</Size %d%s>>\nstartxref\n%d\n%%%%EOF\n" % (count, written, start))
    return b"".join(table)
