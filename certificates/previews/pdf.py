"""Pages of a PDF as PDFium draws them, signature fields included. Runs in the drawing process."""

from __future__ import annotations

from typing import Any

import pypdfium2

from certificates.faces.marks import POINT
from certificates.previews.model import Pages, Picture
from certificates.previews.pack import pack, scale


def draw(data: bytes, wanted: tuple[str, ...], wide: int) -> Pages:
    """Return the pages named by number from 0, else the first; raises on a file PDFium rejects."""
    document = pypdfium2.PdfDocument(data)
    document.init_forms()
    count = len(document)
    numbers = [int(page) for page in wanted if page.isascii() and page.isdigit()]
    known = [number for number in numbers if number < count] or [0]
    return Pages(tuple(_page(document[number], number, wide) for number in known), count)


def _page(page: Any, number: int, wide: int) -> Picture:
    media_left, _, _, media_top = page.get_mediabox()
    left, _, _, top = page.get_cropbox()
    turn = page.get_rotation() % 360
    width, height = page.get_width(), page.get_height()
    image = page.render(scale=scale(width, height, wide)).to_pil()
    media, text = pack(image)
    return Picture(
        page=str(number),
        number=number + 1,
        width=width * POINT,
        height=height * POINT,
        media=media,
        data=text,
        left=(left - media_left) * POINT,
        top=(media_top - top) * POINT,
        turn=turn,
    )
