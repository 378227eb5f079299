"""A seal's picture cut into the strips of a seam seal (骑缝章), for formats that cannot clip."""

from __future__ import annotations

import io
from itertools import pairwise

from PIL import Image

from kernel.errors import TongbanError


def strips(picture_png: bytes, count: int) -> tuple[bytes, ...]:
    """Cut a PNG into ``count`` upright strips from left to right; no pixel is lost or doubled.

    Widths differ by one pixel at most; the resolution is kept. Raises TongbanError
    ``seal-not-possible`` for fewer than two strips or more than the picture has columns.
    """
    with Image.open(io.BytesIO(picture_png)) as picture:
        width, height = picture.size
        if not 2 <= count <= width:
            raise TongbanError("seal-not-possible", reason=f"{count} strips of {width} pixels")
        edges = [width * at // count for at in range(count + 1)]
        return tuple(
            _png(picture.crop((left, 0, right, height)), picture.info.get("dpi"))
            for left, right in pairwise(edges)
        )


def _png(image: Image.Image, dpi: tuple[float, float] | None) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", optimize=False, compress_level=9, **({"dpi": dpi} if dpi else {}))
    return out.getvalue()
