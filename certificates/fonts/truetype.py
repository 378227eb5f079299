"""Builds a small TrueType font (ISO/IEC 14496-22) of given glyphs: the subset a file embeds.

Equal glyphs give equal bytes: dates and checksums depend on nothing else.
"""

from __future__ import annotations

import itertools
import operator
import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache

from certificates.fonts.outline import UNITS, Glyph

_BLANK = Glyph(UNITS, b"")

_DATED = 3849984000
"""Created and modified, seconds since 1904: a fixed day, so that equal glyphs give equal bytes."""


def build(
    name: str,
    glyphs: Mapping[int, Glyph],
    *,
    ascent: int,
    descent: int,
    notice: str,
) -> bytes:
    """Return a font whose glyph ``n`` (from 1, in order of code points) stands for a character.

    ``glyphs`` maps code points to outlines. Glyph 0 is blank, so that nothing ever draws a box.
    ``descent`` is negative. ``notice`` is the copyright text of the faces it was taken from.
    """
    points = sorted(glyphs)
    ordered = [_BLANK, *[glyphs[point] for point in points]]
    data, lengths, metrics, sums, contours, corners, advances, left, right = zip(
        *[glyph.row for glyph in ordered], strict=True
    )
    count = len(ordered)
    offsets = [0, *itertools.accumulate(lengths)]
    bearing = min(map(operator.sub, advances, right))
    tables = {
        b"OS/2": _os2(points, ascent, descent),
        b"cmap": _cmap(points),
        b"glyf": b"".join(data) or b"\0",
        b"head": _head([glyph.box for glyph in ordered if glyph.data]),
        b"hhea": _hhea(
            (ascent, descent, 0, max(advances), min(left), bearing, max(right), 1, 0, 0), count
        ),
        b"hmtx": b"".join(metrics),
        b"loca": struct.pack(f">{len(offsets)}I", *offsets),
        b"maxp": _maxp(count, max(corners), max(contours)),
        b"name": _name(name, notice),
        b"post": _POST,
    }
    # Each glyph fills whole words, so that the sum of the table is that of its glyphs.
    return _assemble(tables, {b"glyf": sum(sums) & 0xFFFFFFFF})


_POST = struct.pack(">IIhhIIIII", 0x00030000, 0, -100, 50, 0, 0, 0, 0, 0)


def _assemble(tables: Mapping[bytes, bytes], known: Mapping[bytes, int]) -> bytes:
    """Join tables; ``known`` are checksums that need no counting."""
    count = len(tables)
    power = count.bit_length() - 1
    reach = 16 << power
    head = struct.pack(">IHHHH", 0x00010000, count, reach, power, count * 16 - reach)
    offset = len(head) + 16 * count
    entries, total, place = [head], 0, 0
    bodies: list[bytes] = []
    for tag, data in sorted(tables.items()):
        checksum = known[tag] if tag in known else _checksum(data)
        entries.append(struct.pack(">4sIII", tag, checksum, offset, len(data)))
        padded = data + b"\0" * (-len(data) % 4)
        if tag == b"head":
            place = len(bodies)
        bodies.append(padded)
        offset += len(padded)
        total += checksum
    directory = b"".join(entries)
    # The sum over the file is that of its parts, for all of them fill whole words.
    adjustment = (0xB1B0AFBA - total - _checksum(directory)) & 0xFFFFFFFF
    table = bodies[place]
    bodies[place] = table[:8] + adjustment.to_bytes(4, "big") + table[12:]
    return b"".join((directory, *bodies))


def _checksum(data: bytes) -> int:
    padded = data + b"\0" * (-len(data) % 4)
    total: int = sum(struct.unpack(f">{len(padded) // 4}I", padded))
    return total & 0xFFFFFFFF


def _head(boxes: Sequence[tuple[int, int, int, int]]) -> bytes:
    left, bottom, right, top = zip(*(boxes or [(0, 0, 0, 0)]), strict=True)
    return struct.pack(
        ">IIIIHHqqhhhhHHhhh",
        *(0x00010000, 0x00010000, 0, 0x5F0F3CF5, 0x000B, UNITS, _DATED, _DATED),
        *(min(left), min(bottom), max(right), max(top), 0, 8, 2, 1, 0),
    )


def _hhea(measures: Sequence[int], count: int) -> bytes:
    return struct.pack(">IhhhHhhhhhhhhhhhH", 0x00010000, *measures, *(0, 0, 0, 0, 0), count)


def _maxp(count: int, points: int, contours: int) -> bytes:
    return struct.pack(
        ">IHHHHHHHHHHHHHH",
        *(0x00010000, count, points, contours, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
    )


def _cmap(points: Sequence[int]) -> bytes:
    """Return format 4 for the basic plane and format 12 for all, one segment per run."""
    basic = [point for point in points if point < 0xFFFF]
    four = _format_4(basic)
    numbers = range(1, len(points) + 1)
    groups = itertools.chain.from_iterable(zip(points, points, numbers, strict=True))
    twelve = struct.pack(
        f">HHIII{3 * len(points)}I", 12, 0, 16 + 12 * len(points), 0, len(points), *groups
    )
    head = struct.pack(">HH", 0, 2)
    head += struct.pack(">HHI", 3, 1, 20) + struct.pack(">HHI", 3, 10, 20 + len(four))
    return head + four + twelve


def _format_4(basic: Sequence[int]) -> bytes:
    """Return the table of the lowest characters, whose glyphs are numbered from 1."""
    ends = [*basic, 0xFFFF]
    deltas = [*[(no - point) & 0xFFFF for no, point in enumerate(basic, 1)], 1]
    count = len(ends)
    power = count.bit_length() - 1
    reach = 2 << power
    body = struct.pack(">HHHH", count * 2, reach, power, count * 2 - reach)
    words = [*ends, 0, *ends, *deltas, *([0] * count)]
    body += struct.pack(f">{len(words)}H", *words)
    return struct.pack(">HHH", 4, 6 + len(body), 0) + body


@lru_cache(maxsize=64)
def _name(name: str, notice: str) -> bytes:
    texts = {0: notice, 1: name, 2: "Regular", 3: name, 4: name, 5: "Version 1.0", 6: name}
    records, strings = b"", b""
    for number, text in texts.items():
        data = text.encode("utf-16-be")
        records += struct.pack(">HHHHHH", 3, 1, 0x0409, number, len(data), len(strings))
        strings += data
    return struct.pack(">HHH", 0, len(texts), 6 + len(records)) + records + strings


def _os2(points: Sequence[int], ascent: int, descent: int) -> bytes:
    first = min(min(points, default=0), 0xFFFF)
    last = min(max(points, default=0), 0xFFFF)
    average = UNITS
    return struct.pack(
        ">HhHHHhhhhhhhhhhh10sIIII4sHHHhhhHHIIhhHHH",
        *(4, average, 400, 5, 0, 650, 600, 0, 75, 650, 600, 0, 350, 50, 250, 0),
        *(b"\0" * 10, 0, 1 << 27, 0, 0, b"TONG", 0x40, first, last),
        *(ascent, descent, 0, max(ascent, 0), max(-descent, 0), 1 << 18, 0),
        *(500, 700, 0, 32, 1),
    )
