"""A small rasteriser for OFD pages, enough to see what a reader would show: paths, text, CTM."""

from __future__ import annotations

import io
import posixpath

from lxml import etree
from PIL import Image, ImageDraw, ImageFont

from signing.formats.ofd import package

NS = "{http://www.ofdspec.org/2016}"
Point = tuple[float, float]


def render(data: bytes, page: int, scale: float) -> Image.Image:
    """Return a page at ``scale`` pixels per millimetre, text and filled paths anti-aliased."""
    files = package.read(data).files
    document = etree.fromstring(files["Doc_0/Document.xml"])
    resources = etree.fromstring(files["Doc_0/PublicRes.xml"])
    fonts = {
        font.get("ID"): files[posixpath.join("Doc_0", resources.get("BaseLoc"), font[0].text)]
        for font in resources.iter(f"{NS}Font")
    }
    places = {e.get("ID"): e.get("BaseLoc") for e in document.iter(f"{NS}TemplatePage")}
    own = list(document.iter(f"{NS}Page"))[page]
    tree = etree.fromstring(files["Doc_0/" + own.get("BaseLoc")])
    _, _, width, height = map(float, tree.findtext(f".//{NS}PhysicalBox").split())
    canvas = Image.new("RGB", (round(width * scale), round(height * scale)), "white")
    layers = [
        etree.fromstring(files["Doc_0/" + places[t.get("TemplateID")]])
        for t in tree.iter(f"{NS}Template")
    ]
    for layer in [*layers, tree]:
        for item in layer.iter(f"{NS}PathObject", f"{NS}TextObject"):
            if item.tag.endswith("PathObject"):
                _path(canvas, item, scale)
            else:
                _text(canvas, item, fonts, scale)
    return canvas


def _colour(item: etree._Element, name: str) -> tuple[int, ...] | None:
    found = item.find(f"{NS}{name}")
    if found is None:
        return None
    return (*map(int, found.get("Value").split()), int(found.get("Alpha", "255")))


def _path(canvas: Image.Image, item: etree._Element, scale: float) -> None:
    draw = ImageDraw.Draw(canvas)
    fill, stroke = _colour(item, "FillColor"), _colour(item, "StrokeColor")
    width = max(1, round(float(item.get("LineWidth", "0.353")) * scale))
    left, top, *_ = map(float, item.get("Boundary").split())
    a, b, c, d, e, f = map(float, (item.get("CTM") or "1 0 0 1 0 0").split())
    for line in _lines(item.findtext(f"{NS}AbbreviatedData")):
        placed = [(a * x + c * y + e + left, b * x + d * y + f + top) for x, y in line]
        points = [(x * scale, y * scale) for x, y in placed]
        if fill and item.get("Fill") == "true":
            draw.polygon(points, fill=fill[:3])
        if stroke and item.get("Stroke", "true") == "true":
            draw.line(points, fill=stroke[:3], width=width)


def _lines(data: str) -> list[list[Point]]:
    words, lines = data.split(), []
    while words:
        operator = words.pop(0)
        take = {"M": 2, "L": 2, "B": 6, "C": 0}[operator]
        values = [float(words.pop(0)) for _ in range(take)]
        if operator == "M":
            lines.append([(values[0], values[1])])
        elif operator == "L":
            lines[-1].append((values[0], values[1]))
        elif operator == "B":
            lines[-1] += _curve(lines[-1][-1], values)
        else:
            lines[-1].append(lines[-1][0])
    return lines


def _curve(start: Point, values: list[float]) -> list[Point]:
    xs, ys = (start[0], *values[0::2]), (start[1], *values[1::2])
    out = []
    for no in range(1, 9):
        t, u = no / 8, 1 - no / 8
        weights = (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
        out.append(
            (
                sum(a * b for a, b in zip(weights, xs, strict=True)),
                sum(a * b for a, b in zip(weights, ys, strict=True)),
            )
        )
    return out


def _text(canvas: Image.Image, item: etree._Element, fonts: dict[str, bytes], scale: float) -> None:
    size = float(item.get("Size")) * scale
    left, top, *_ = map(float, item.get("Boundary").split())
    red, green, blue, alpha = _colour(item, "FillColor")
    matrix = list(map(float, (item.get("CTM") or "1 0 0 1 0 0").split()))
    layer = Image.new("L", canvas.size, 0)
    draw = ImageDraw.Draw(layer)
    font = ImageFont.truetype(io.BytesIO(fonts[item.get("Font")]), size)
    start = (left + matrix[4]) * scale, (top + matrix[5]) * scale
    heavy = (
        round(float(item.get("LineWidth", "0")) * scale / 2) if item.get("Stroke") == "true" else 0
    )
    for code in item.iter(f"{NS}TextCode"):
        x, y = float(code.get("X")) * scale, float(code.get("Y")) * scale
        steps = [0.0, *map(float, (code.get("DeltaX") or "").split())]
        for character, step in zip(code.text, steps, strict=True):
            x += step * scale
            draw.text(
                (start[0] + x, start[1] + y),
                character,
                font=font,
                fill=255,
                anchor="ls",
                stroke_width=heavy,
            )
    if matrix[1]:
        import math

        angle = math.degrees(math.atan2(-matrix[1], matrix[0]))
        layer = layer.rotate(angle, center=start, resample=Image.Resampling.BILINEAR)
    layer = layer.point(lambda value: value * alpha // 255)
    canvas.paste((red, green, blue), mask=layer)
