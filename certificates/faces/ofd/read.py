"""Read an OFD face back through the container reader of ``signing`` and an XML parser."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from certificates.faces.ofd.content import NAMESPACE
from certificates.faces.reading import Reading
from signing.formats.errors import FormatError
from signing.formats.ofd import package

_OFD = f"{{{NAMESPACE}}}"


@dataclass(frozen=True, slots=True)
class _Book:
    """The parsed parts of one document."""

    files: Mapping[str, bytes]
    root: str
    document: Any

    def part(self, place: str, base: str) -> tuple[str, Any]:
        """Return path and parsed XML of a location relative to ``base``."""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(base), place)).lstrip("/")
        return path, _xml(self.files[path])


def read(data: bytes) -> Reading:
    """Return text, metadata and faults of an unsealed OFD of this hub."""
    from lxml import etree

    try:
        files = package.read(data).files
        head = _xml(files["OFD.xml"])
        root = head.findtext(f".//{_OFD}DocRoot")
        book = _Book(files, root, _xml(files[root]))
        entries = {e.get("Name"): e.text or "" for e in head.iter(f"{_OFD}CustomData")}
        fonts, faults = _fonts(book)
        pages = tuple(_pages(book, fonts, faults))
    except FormatError as error:
        return Reading((), {}, (f"not readable: {error}",))
    except (KeyError, etree.XMLSyntaxError) as error:
        return Reading((), {}, (f"part missing or broken: {error}",))
    return Reading(pages, entries, tuple(dict.fromkeys(faults)))


def _xml(data: bytes) -> Any:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(data, parser)


def _fonts(book: _Book) -> tuple[dict[str, Any], list[str]]:
    """Return the opened fonts by id, and a fault for each that is not embedded TrueType."""
    import uharfbuzz

    fonts: dict[str, Any] = {}
    faults: list[str] = []
    place = book.document.findtext(f".//{_OFD}PublicRes")
    path, resources = book.part(place, book.root)
    folder = posixpath.join(posixpath.dirname(path), resources.get("BaseLoc"))
    for font in resources.iter(f"{_OFD}Font"):
        data = book.files.get(posixpath.join(folder, font.findtext(f"{_OFD}FontFile") or ""))
        if data is None or data[:4] != b"\0\1\0\0":
            faults.append(f"font {font.get('ID')} is not embedded as TrueType")
        else:
            fonts[font.get("ID")] = uharfbuzz.Font(uharfbuzz.Face(data))
    return fonts, faults


def _pages(book: _Book, fonts: Mapping[str, Any], faults: list[str]) -> Iterator[str]:
    """Yield the text of each page, that of its template page first."""
    templates = {
        element.get("ID"): element.get("BaseLoc")
        for element in book.document.iter(f"{_OFD}TemplatePage")
    }
    for element in book.document.iter(f"{_OFD}Page"):
        _, page = book.part(element.get("BaseLoc"), book.root)
        lines: list[str] = []
        for used in page.iter(f"{_OFD}Template"):
            _, template = book.part(templates[used.get("TemplateID")], book.root)
            lines += _lines(template, fonts, faults)
        lines += _lines(page, fonts, faults)
        yield "\n".join(lines)


def _lines(page: Any, fonts: Mapping[str, Any], faults: list[str]) -> Iterator[str]:
    for item in page.iter(f"{_OFD}TextObject"):
        text = "".join(code.text or "" for code in item.iter(f"{_OFD}TextCode"))
        font = fonts.get(item.get("Font"))
        faults += [
            f"U+{ord(character):04X} is not in font {item.get('Font')}"
            for character in text
            if font is None or not font.get_nominal_glyph(ord(character))
        ]
        yield text
