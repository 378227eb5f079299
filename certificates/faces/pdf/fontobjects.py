"""A font as PDF objects: Type 0 with TrueType outlines, and the map back to Unicode."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from certificates.faces.pdf.syntax import ONCE, stream
from certificates.fonts import Embedded

COUNT = 5
"""Objects per font; the last one is what a page refers to."""

_CMAP_HEAD = b"""/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo <</Registry(Adobe)/Ordering(UCS)/Supplement 0>> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
"""
_CMAP_TAIL = b"""endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""
_BLOCK = 100
"""Entries a block of a CMap may have."""


def objects(font: Embedded, first: int, *, once: bool) -> list[bytes]:
    """Return the five objects of a font, numbered from ``first``.

    ``once``: for a template. The outlines of a certificate's own characters are left as they are:
    packing would save a twentieth of the file and cost as much time as two signatures.
    """
    name = f"{tag(font)}+{font.name}".encode()
    box = " ".join(str(value) for value in font.box).encode()
    descriptor = (
        b"<</Type/FontDescriptor/FontName/%s/Flags 4/FontBBox[%s]/ItalicAngle 0"
        b"/Ascent %d/Descent %d/CapHeight %d/StemV 80/FontFile2 %d 0 R>>"
    ) % (name, box, font.ascent, font.descent, font.ascent, first)
    widths = " ".join(map(str, font.advances.values())).encode()
    descendant = (
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/%s"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        b"/FontDescriptor %d 0 R/DW 1000/W[1[%s]]/CIDToGIDMap/Identity>>"
    ) % (name, first + 1, widths)
    root = (
        b"<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H"
        b"/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>"
    ) % (name, first + 2, first + 3)
    level = ONCE if once else 0
    program = stream(font.data, b"/Length1 %d" % len(font.data), level=level)
    return [program, descriptor, descendant, stream(to_unicode(font), level=level), root]


def to_unicode(font: Embedded) -> bytes:
    """Return the CMap from codes to UTF-16, surrogate pairs beyond the basic plane included."""
    lines = [f"<{code:04X}> <{_utf16(c)}>\n" for c, code in font.numbers.items()]
    parts = []
    for start in range(0, len(lines), _BLOCK):
        block = lines[start : start + _BLOCK]
        parts += [f"{len(block)} beginbfchar\n", *block, "endbfchar\n"]
    return b"".join((_CMAP_HEAD, "".join(parts).encode("ascii"), _CMAP_TAIL))


@lru_cache(maxsize=16384)
def _utf16(character: str) -> str:
    return character.encode("utf-16-be").hex().upper()


def tag(font: Embedded) -> str:
    """Return the six capitals that mark a subset, derived from its bytes."""
    digest = hashlib.sha256(font.data).digest()
    return "".join([chr(65 + byte % 26) for byte in digest[:6]])
