"""Recognising the plain PDFs that the hub's own writer makes: one revision, one classic table.

Such a file can be sealed without a PDF library: an update needs the catalogue, one page and the
end of the file. Whatever looks the least bit different is none of ours and goes the long way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TRAILER = re.compile(
    rb"trailer\n<</Size (\d{1,7})/Root (\d{1,7}) 0 R(/Info \d{1,7} 0 R)?"
    rb"/ID \[<([0-9A-F]{32})><[0-9A-F]{32}>\]>>\nstartxref\n(\d{1,10})\n%%EOF\n\Z"
)
_LONGEST_END = 320
_ENTRY = 20
_CATALOG = re.compile(rb"<</Type/Catalog/Pages (\d{1,7}) 0 R/[^\n]*>>")
_TREE = re.compile(rb"<</Type/Pages/Count (\d{1,5})/Kids\[((?:\d{1,7} 0 R ?)+)\]>>")
_PAGE = re.compile(rb"<</Type/Page/Parent \d{1,7} 0 R/MediaBox\[0 0 [\d.]+ ([\d.]+)\][^\n]*>>")
_ANY = re.compile(rb"<<[^\n]*>>")
_TAKEN = (b"/AcroForm", b"/Perms", b"/Version", b"/Extensions")


@dataclass(frozen=True, slots=True)
class Plain:
    """What an update of a plain file needs. Objects are given as their dictionaries' octets."""

    size: int
    """First free object number."""
    root: int
    catalog: bytes
    page: int
    page_object: bytes
    height: float
    """Height of the page in points."""
    info: bytes
    """Entry of the trailer for document information, or nothing."""
    first_id: bytes
    """First half of the file identifier, hexadecimal."""
    table: int
    """Where the cross-reference table begins."""

    def dictionary(self, data: bytes, number: int) -> bytes | None:
        """Return an object of the file that is a dictionary on one line, None for any other."""
        found = _Objects(data, self.table, self.size).find(_ANY, number)
        return found[0] if found else None


def number_of_page(data: bytes, number: int) -> int | None:
    """Return the place of the page with this object number, from 0; None where there is none."""
    known = read(data, 0)
    if known is None:
        return None
    objects = _Objects(data, known.table, known.size)
    catalog = _CATALOG.fullmatch(known.catalog)
    tree = objects.find(_TREE, int(catalog[1])) if catalog else None
    kids = [int(kid) for kid in tree[2].split(b" 0 R")[:-1]] if tree else []
    return kids.index(number) if number in kids else None


def read(data: bytes, page: int) -> Plain | None:
    """Return what there is to know about a plain file, None for any other.

    ``page`` is the place of the page to be changed, from 0. Objects are looked up through the
    cross-reference table, never searched for.
    """
    end = _TRAILER.search(data, max(0, len(data) - _LONGEST_END))
    if end is None:
        return None
    size, root, info, first_id, table = end.groups()
    objects = _Objects(data, int(table), int(size))
    catalog = objects.find(_CATALOG, int(root))
    tree = objects.find(_TREE, int(catalog[1])) if catalog else None
    kids = tree[2].split(b" 0 R")[:-1] if tree else []
    if catalog is None or tree is None or len(kids) != int(tree[1]) or not 0 <= page < len(kids):
        return None
    number = int(kids[page])
    own = objects.find(_PAGE, number)
    if own is None or b"/Annots" in own[0] or any(name in catalog[0] for name in _TAKEN):
        return None
    return Plain(
        size=int(size),
        root=int(root),
        catalog=catalog[0],
        page=number,
        page_object=own[0],
        height=float(own[1]),
        info=info or b"",
        first_id=first_id,
        table=int(table),
    )


@dataclass(frozen=True, slots=True)
class _Objects:
    data: bytes
    table: int
    size: int

    def find(self, shape: re.Pattern[bytes], number: int) -> re.Match[bytes] | None:
        """Return an object that has exactly this shape."""
        head = b"xref\n0 %d\n" % self.size
        if not 0 < number < self.size or not self.data.startswith(head, self.table):
            return None
        at = self.table + len(head) + _ENTRY * number
        entry = self.data[at : at + _ENTRY]
        if not entry.endswith(b" 00000 n \n") or not entry[:10].isdigit():
            return None
        opening = b"%d 0 obj\n" % number
        start = int(entry[:10])
        if not self.data.startswith(opening, start):
            return None
        start += len(opening)
        end = self.data.find(b"\nendobj\n", start, self.table)
        return shape.fullmatch(self.data, start, end) if end > 0 else None
