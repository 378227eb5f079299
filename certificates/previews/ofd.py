"""Pages of an OFD (GB/T 33190) with the seals where it puts them. Runs in the drawing process.

Drawn: text in embedded fonts, paths, pictures, template pages, seals with a PNG or JPEG picture.
Left out and told (``Picture.whole``): clips, shadings, patterns, composites, other pictures; text
without an embedded font is set in the hub's own.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from certificates.previews.model import Pages, Picture
from certificates.previews.ofd_marks import Canvas, numbers
from certificates.previews.pack import pack, scale
from signing.der import DerError
from signing.formats.errors import FormatError
from signing.formats.ofd import package
from signing.formats.ofd.links import page_ids
from signing.formats.ofd.xml import Element, Part, children, only, parse, text, walk
from signing.ses.parse import parse_seal, parse_signature

if TYPE_CHECKING:
    from signing.formats.ofd.package import Package

_A4 = (0.0, 0.0, 210.0, 297.0)
_FINE = 2
"""Pictures are drawn so many times larger and made smaller: edges become smooth."""
Image.MAX_IMAGE_PIXELS = 40_000_000


@dataclass(slots=True)
class Book:
    """One document of a package: where its pages, templates, fonts and pictures are."""

    package: Package
    document: Part
    fonts: dict[str, bytes] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)

    def part(self, path: str) -> Part:
        """Parse a part of the package; raises FormatError."""
        return parse(self.package.files.get(path, b""), path)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A seal's picture on a page: box in mm, and the strip of it that is shown."""

    page: str
    box: tuple[float, ...]
    clip: tuple[float, ...]
    picture: bytes


def draw(data: bytes, wanted: tuple[str, ...], wide: int) -> Pages:
    """Return the pages named by their ids, else the first; raises FormatError."""
    held = package.read(data)
    root = parse(held.files.get("OFD.xml", b""), "OFD.xml")
    boxes = page_ids(held)
    pictures: list[Picture] = []
    count = 0
    for body in children(root.root, "DocBody"):
        book = _open(held, root, body)
        stamps = list(_stamps(held, root, body))
        for page in book.pages:
            count += 1
            if page in wanted or (not wanted and count == 1):
                box = boxes.get(page) or _A4
                pictures.append(_page(book, page, count, box, stamps, wide))
    if not pictures and wanted:
        return draw(data, (), wide)
    return Pages(tuple(pictures), count)


def _open(held: Package, root: Part, body: Element) -> Book:
    path = root.locate(text(only(body, "DocRoot", root.path)))
    document = parse(held.files.get(path, b""), path)
    book = Book(held, document)
    for item in walk(document.root):
        kind = item.tag.rpartition("}")[2]
        if kind in ("PublicRes", "DocumentRes"):
            with suppress(FormatError):
                _resources(book, document.locate(text(item)))
        elif kind == "TemplatePage":
            book.templates[item.get("ID") or ""] = document.locate(item.get("BaseLoc") or "")
        elif kind == "Page":
            book.pages[item.get("ID") or ""] = document.locate(item.get("BaseLoc") or "")
    return book


def _resources(book: Book, path: str) -> None:
    part = book.part(path)
    base = (part.root.get("BaseLoc") or "").strip("/")
    kinds = {"Font": ("FontFile", book.fonts), "MultiMedia": ("MediaFile", book.pictures)}
    for item in walk(part.root):
        name, found = kinds.get(item.tag.rpartition("}")[2], ("", None))
        location = text(only(item, name, path)) if name else ""
        if found is None or not location:
            continue
        inside = part.locate(f"{base}/{location}" if base else location)
        data = book.package.get(inside) or book.package.get(part.locate(location))
        if data:
            found[item.get("ID") or ""] = data


def _page(  # noqa: PLR0917 - reads best in order
    book: Book,
    page: str,
    number: int,
    box: tuple[float, float, float, float],
    stamps: list[Stamp],
    wide: int,
) -> Picture:
    left, top, width, height = box
    canvas = Canvas.of(width, height, scale(width, height, wide) * _FINE, book.fonts, book.pictures)
    canvas.origin = (left, top)
    part = book.part(book.pages[page])
    for used in children(part.root, "Template"):
        place = book.templates.get(used.get("TemplateID") or "")
        if place:
            canvas.draw(book.part(place).root)
    canvas.draw(part.root)
    for stamp in stamps:
        if stamp.page == page:
            _stamp(canvas, stamp)
    size = (max(1, canvas.image.width // _FINE), max(1, canvas.image.height // _FINE))
    media, data = pack(canvas.image.resize(size, Image.Resampling.BOX))
    return Picture(page, number, width, height, media, data, left, top, whole=canvas.whole)


def _stamp(canvas: Canvas, stamp: Stamp) -> None:
    try:
        image = Image.open(io.BytesIO(stamp.picture)).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        canvas.whole = False
        return
    x, y, width, height = stamp.box
    if len(stamp.clip) == len(stamp.box):
        from_x, from_y, shown_width, shown_height = stamp.clip
        across, down = image.width / width, image.height / height
        right, bottom = from_x + shown_width, from_y + shown_height
        image = image.crop(
            (
                round(from_x * across),
                round(from_y * down),
                round(right * across),
                round(bottom * down),
            )
        )
        x, y, width, height = x + from_x, y + from_y, shown_width, shown_height
    canvas.paste(image, x, y, width, height)


def _stamps(held: Package, root: Part, body: Element) -> Iterator[Stamp]:
    """Yield where the file's own lists put seals; what cannot be read is not drawn."""
    with suppress(FormatError):
        location = text(only(body, "Signatures", root.path))
        path = root.locate(location) if location else ""
        listing = parse(held.files.get(path, b""), path)
        for entry in children(listing.root, "Signature"):
            with suppress(FormatError):
                yield from _of_signature(held, listing.locate(entry.get("BaseLoc") or ""))


def _of_signature(held: Package, path: str) -> Iterator[Stamp]:
    part = parse(held.files.get(path, b""), path)
    info = only(part.root, "SignedInfo", path)
    if info is None:
        return
    picture = _picture(held, part, info)
    for item in children(info, "StampAnnot"):
        box = numbers(item.get("Boundary") or "")
        if len(box) == len(_A4) and min(box[2:]) > 0:
            yield Stamp(item.get("PageRef") or "", box, numbers(item.get("Clip") or ""), picture)


def _picture(held: Package, part: Part, info: Element) -> bytes:
    seal = only(info, "Seal", part.path)
    location = text(only(seal, "BaseLoc", part.path)) if seal is not None else ""
    value = text(only(part.root, "SignedValue", part.path))
    try:
        if location:
            return parse_seal(held.files.get(part.locate(location), b"")).picture.data
        return parse_signature(held.files.get(part.locate(value), b"")).seal.picture.data
    except (DerError, FormatError, ValueError):
        return b""
