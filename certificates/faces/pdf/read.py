"""Read a PDF face back with PDFium: a reader that shares no code with the writer."""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Iterator
from typing import Any

from certificates.faces.pdf.xmp import NAMESPACE
from certificates.faces.reading import Reading

PDFIUM = threading.Lock()
"""PDFium is not safe for several threads; whoever calls it in this process holds this lock."""

_PACKET = re.compile(rb"<x:xmpmeta.*?</x:xmpmeta>", re.DOTALL)


def read(data: bytes) -> Reading:
    """Return text, metadata and faults of an unsealed PDF of this hub."""
    import pypdfium2

    entries = dict(_packet_entries(data))
    with PDFIUM:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            return Reading((), {}, (f"not readable: {error}",))
        try:
            pages = tuple(_text(page) for page in document)
            faults = [f"font not embedded on page {no}" for no in _unembedded(document)]
            faults += [
                f"{name} differs between XMP and document information"
                for name, value in entries.items()
                if document.get_metadata_value(name) != value
            ]
        finally:
            document.close()
    return Reading(pages, entries, tuple(faults))


def _packet_entries(data: bytes) -> Iterator[tuple[str, str]]:
    from lxml import etree

    found = _PACKET.search(data)
    if not found:
        return
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    tree = etree.fromstring(found.group(), parser)
    for element in tree.iter(f"{{{NAMESPACE}}}*"):
        yield etree.QName(element).localname, element.text or ""


def _text(page: Any) -> str:
    """Return the text of a page; a hyphen at a line's end comes back as a mark of PDFium."""
    held = page.get_textpage()
    text: str = held.get_text_range()
    held.close()
    return text.replace("\x02", "-").replace("\ufffe", "-")


def _unembedded(document: Any) -> Iterator[int]:
    """Yield the numbers of pages with a text object whose font lies outside the file."""
    from pypdfium2 import raw

    for number, page in enumerate(document, 1):
        for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=4):
            font = raw.FPDFTextObj_GetFont(item.raw)
            if raw.FPDFFont_GetIsEmbedded(font) != 1:
                yield number
                break
            size = ctypes.c_size_t()
            raw.FPDFFont_GetFontData(font, None, 0, size)
            if not size.value:
                yield number
                break
