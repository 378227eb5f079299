"""One font file and the TrueType outlines of its characters, whatever outlines it has itself."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kernel.errors import TongbanError

UNITS = 1000
"""Units per em of everything that is measured or embedded."""

CONVERTER = "quadratic-1"
"""Name of the conversion; another name makes older caches unused."""

TOLERANCE = 1.0
"""Largest distance in units between a cubic curve and its quadratic pieces."""

_NOT_EMBEDDABLE = 0x0002 | 0x0100 | 0x0200
"""OS/2 fsType: restricted licence, no subsetting, bitmaps only."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """A simple glyph in TrueType form. ``data`` is its ``glyf`` entry, empty for a blank.

    What a font needs to know about a glyph is read once: a certificate's font has fifty of them.
    """

    advance: int
    data: bytes
    box: tuple[int, int, int, int] = field(init=False, compare=False, repr=False)
    """xMin, yMin, xMax, yMax; zeros for a blank."""
    contours: int = field(init=False, compare=False, repr=False)
    points: int = field(init=False, compare=False, repr=False)
    row: tuple[bytes, int, bytes, int, int, int, int, int, int] = field(
        init=False, compare=False, repr=False
    )
    """``data``, its length, entry of ``hmtx`` (advance, left side bearing), sum of the 32-bit words
    of ``data``, contours, points, advance, xMin, xMax: the columns of a font's tables."""

    def __post_init__(self) -> None:
        """Read the header of the entry."""
        data = self.data
        box, contours, points = (0, 0, 0, 0), 0, 0
        if data:
            contours, *sides = struct.unpack_from(">5h", data)
            box = (sides[0], sides[1], sides[2], sides[3])
            last = struct.unpack_from(">H", data, 10 + 2 * (contours - 1))[0]
            points = last + 1
        words = struct.unpack(f">{len(data) // 4}I", data[: len(data) // 4 * 4])
        found = {
            "box": box,
            "contours": contours,
            "points": points,
            "row": (
                *(data, len(data), struct.pack(">Hh", self.advance, box[0])),
                *(sum(words) & 0xFFFFFFFF, contours, points, self.advance, box[0], box[2]),
            ),
        }
        for name, value in found.items():
            object.__setattr__(self, name, value)

    @property
    def left(self) -> int:
        """Return the left side bearing (xMin)."""
        return self.box[0]


class FontFile:
    """An opened font: which characters it has, how wide they are, their outlines.

    Raises TongbanError ``font-unreadable`` for a file that is no font or may not be embedded.
    A variable font is pinned to its regular weight; its default may be a hairline. ``index``
    chooses a face of a collection (.ttc).
    """

    def __init__(self, name: str, data: bytes, index: int = 0) -> None:
        import uharfbuzz

        self.name = name
        self.digest = hashlib.sha256(data + index.to_bytes(2, "big")).hexdigest()
        face = uharfbuzz.Face(data, index)
        if not face.glyph_count:
            raise TongbanError("font-unreadable", font=name, reason="no glyphs")
        tables = set(face.table_tags)
        if not tables & {"glyf", "CFF ", "CFF2"}:
            raise TongbanError("font-unreadable", font=name, reason="no outlines")
        if "OS/2" in tables and _fs_type(face) & _NOT_EMBEDDABLE:
            raise TongbanError("font-unreadable", font=name, reason="embedding not allowed")
        self._font = uharfbuzz.Font(face)
        self._font.scale = (UNITS, UNITS)
        if "fvar" in tables:
            self._font.set_variations({"wght": 400})
        extents = self._font.get_font_extents("ltr")
        self.ascent, self.descent = int(extents.ascender), int(extents.descender)
        self.copyright = str(face.get_name(uharfbuzz.OTNameIdPredefined.COPYRIGHT) or "")

    @classmethod
    def open(cls, path: Path) -> FontFile:
        """Open a file; ``name.ttc#2`` is the third face of a collection.

        Raises TongbanError ``font-unreadable``.
        """
        plain, mark, index = str(path).rpartition("#")
        collected = bool(mark) and index.isascii() and index.isdigit() and not path.exists()
        held = Path(plain) if collected else path
        try:
            return cls(path.name, held.read_bytes(), int(index) % 65536 if collected else 0)
        except OSError as error:
            raise TongbanError("font-unreadable", font=path.name, reason=error.strerror) from None

    def find(self, character: str) -> int | None:
        """Return the glyph number of a character, None where the font lacks it."""
        found = self._font.get_nominal_glyph(ord(character))
        return int(found) if found else None

    def glyph(self, number: int) -> Glyph:
        """Return the outline, curves turned into quadratic ones at most ``TOLERANCE`` away.

        Depends on nothing but the file and the converter, so it may be cached for ever.
        """
        from fontTools.pens.cu2quPen import Cu2QuPen
        from fontTools.pens.ttGlyphPen import TTGlyphPen

        pen = TTGlyphPen(None)
        cubic = not self._quadratic
        self._font.draw_glyph_with_pen(
            number, Cu2QuPen(pen, TOLERANCE, reverse_direction=True) if cubic else pen
        )
        outline = pen.glyph()
        advance = int(self._font.get_glyph_h_advance(number))
        if not outline.numberOfContours:
            return Glyph(advance, b"")
        data = bytes(outline.compile(None, recalcBBoxes=True))
        return Glyph(advance, data + b"\0" * (-len(data) % 4))

    @property
    def _quadratic(self) -> bool:
        return "glyf" in self._font.face.table_tags


def _fs_type(face: Any) -> int:
    table = face.reference_table("OS/2").data
    return int(struct.unpack_from(">H", table, 8)[0]) if len(table) >= 10 else 0
