"""A drawing as pixels: PNG with alpha."""

from __future__ import annotations

import io
import math

from PIL import Image, ImageChops, ImageDraw

from signing.drawing.model import Drawing, Shape, contours

_OVERSAMPLE = 4
_MM_PER_INCH = 25.4


def png(drawing: Drawing, dpi: int = 600) -> bytes:
    """Return an RGBA PNG of the drawing on a transparent ground, with its resolution inside.

    Edges are smooth: coverage is counted on a grid four times as fine.
    """
    scale = dpi / _MM_PER_INCH
    size = (round(drawing.width_mm * scale), round(drawing.height_mm * scale))
    cover = Image.new("L", (size[0] * _OVERSAMPLE, size[1] * _OVERSAMPLE))
    for shape in drawing.shapes:
        _fill(cover, shape, scale * _OVERSAMPLE)
    alpha = cover.resize(size, Image.Resampling.BOX)
    image = Image.new("RGBA", size, (*drawing.colour, 0))
    image.putalpha(alpha)
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(dpi, dpi), optimize=False, compress_level=9)
    return out.getvalue()


def _fill(cover: Image.Image, shape: Shape, scale: float) -> None:
    polygons = [[(x * scale, y * scale) for x, y in part] for part in contours(shape)]
    if not polygons:
        return
    pen = shape.pen_mm * scale
    xs = [x for part in polygons for x, _ in part]
    ys = [y for part in polygons for _, y in part]
    left, top = math.floor(min(xs) - pen) - 1, math.floor(min(ys) - pen) - 1
    size = (math.ceil(max(xs) + pen) + 2 - left, math.ceil(max(ys) + pen) + 2 - top)
    tile = Image.new("1", size)
    lines = []
    for part in polygons:
        local = [(x - left, y - top) for x, y in part]
        one = Image.new("1", size)
        ImageDraw.Draw(one).polygon(local, fill=1)
        tile = ImageChops.logical_xor(tile, one)
        lines.append([*local, local[0], local[1]])
    if pen:
        draw = ImageDraw.Draw(tile)
        for line in lines:
            draw.line(line, fill=1, width=max(round(pen), 1), joint="curve")
    cover.paste(255, (left, top), tile)
