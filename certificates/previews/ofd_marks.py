"""Objects of an OFD page (GB/T 33190 chapters 8 to 11) as pixels."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

from signing.formats.ofd.xml import Element, children, text, walk

Matrix = tuple[float, float, float, float, float, float]
Point = tuple[float, float]

_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_CURVE = 12
"""Straight pieces that a curve is drawn with."""
_OBJECTS = 20_000
"""Objects of one page that are drawn; more are left out and told."""
_FARTHEST = 1e5
"""Pixels; nothing farther off is drawn."""
_STROKE = 0.353
"""Millimetres: the line width that the standard takes where none is given."""
_UNDRAWN = frozenset({"Clips", "CompositeObject", "Pattern", "AxialShd", "RadialShd"})


def numbers(text_: str) -> tuple[float, ...]:
    """Return the finite numbers of a list (ST_Array); nothing where one is none."""
    try:
        found = tuple(float(item) for item in text_.split())
    except ValueError:
        return ()
    return found if all(map(math.isfinite, found)) else ()


@dataclass(slots=True)
class Canvas:
    """A page while it is drawn: its pixels, what they stand on, and whether all could be drawn."""

    image: Image.Image
    scale: float
    """Pixels per millimetre."""
    fonts: dict[str, bytes]
    pictures: dict[str, bytes]
    origin: Point = (0.0, 0.0)
    whole: bool = True
    drawn: int = 0
    _faces: dict[tuple[str, int], Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        width: float,
        height: float,
        scale: float,
        fonts: dict[str, bytes],
        pictures: dict[str, bytes],
    ) -> Canvas:
        """Return a white page of so many millimetres."""
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        return cls(Image.new("RGB", size, "white"), scale, fonts, pictures)

    def draw(self, page: Element) -> None:
        """Draw all objects of a page or template page in their order."""
        verbs = {"TextObject": self._text, "PathObject": self._path, "ImageObject": self._image}
        for item in walk(page):
            kind = item.tag.rpartition("}")[2]
            if kind in _UNDRAWN:
                self.whole = False
            verb = verbs.get(kind)
            if verb is None or item.get("Visible") == "false":
                continue
            self.drawn += 1
            if self.drawn > _OBJECTS:
                self.whole = False
                return
            try:
                verb(item)
            except (ValueError, OverflowError, ZeroDivisionError, OSError):
                self.whole = False

    def paste(self, image: Image.Image, x: float, y: float, width: float, height: float) -> None:
        """Paste a picture with its own transparency into a box in millimetres."""
        left, top = self._pixel((x, y))
        size = (max(1, round(width * self.scale)), max(1, round(height * self.scale)))
        if max(size) > 2 * max(self.image.size):
            raise ValueError("picture is larger than its page")
        fitted = image.resize(size)
        self.image.paste(fitted.convert("RGB"), (round(left), round(top)), fitted.getchannel("A"))

    def _pixel(self, point: Point) -> Point:
        x, y = (point[0] - self.origin[0]) * self.scale, (point[1] - self.origin[1]) * self.scale
        if max(abs(x), abs(y)) > _FARTHEST:
            raise ValueError("far off the page")
        return x, y

    def _image(self, item: Element) -> None:
        data = self.pictures.get(item.get("ResourceID") or "", b"")
        try:
            image = Image.open(io.BytesIO(data)).convert("RGBA")
        except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
            self.whole = False
            return
        left, top, width, height = _box(item)
        across, skew, slant, down, x, y = _matrix(item, (width, 0.0, 0.0, height, 0.0, 0.0))
        if abs(skew) > abs(across) or abs(slant) > abs(down):
            self.whole = False
            return
        self.paste(image, left + x, top + y, across, down)

    def _path(self, item: Element) -> None:
        left, top, _, _ = _box(item)
        matrix = _matrix(item, _IDENTITY)
        data = next((text(child) for child in children(item, "AbbreviatedData")), "")
        drawing = ImageDraw.Draw(self.image, "RGBA")
        fill = _colour(item, "FillColor") if item.get("Fill") == "true" else None
        stroke = _colour(item, "StrokeColor") if item.get("Stroke") != "false" else None
        size = math.sqrt(abs(matrix[0] * matrix[3] - matrix[1] * matrix[2])) or 1.0
        wide = float(item.get("LineWidth") or _STROKE) * size * self.scale
        if stroke is not None and wide > max(self.image.size):
            raise ValueError("line is wider than its page")
        for points in _outlines(data):
            placed = [self._pixel(_moved(matrix, point, left, top)) for point in points]
            if fill and len(placed) > 2:
                drawing.polygon(placed, fill=fill)
            if stroke and len(placed) > 1:
                drawing.line(placed, fill=stroke, width=max(1, round(wide)), joint="curve")

    def _text(self, item: Element) -> None:
        left, top, _, _ = _box(item)
        matrix = _matrix(item, _IDENTITY)
        size = float(item.get("Size") or 0) * math.hypot(matrix[0], matrix[1])
        face = self._face(item.get("Font") or "", round(size * self.scale))
        fill = _colour(item, "FillColor")
        angle = math.degrees(math.atan2(matrix[1], matrix[0]))
        drawing = ImageDraw.Draw(self.image, "RGBA")
        wide = round(float(item.get("LineWidth") or 0) * self.scale / 2)
        outlined = wide if item.get("Stroke") == "true" else 0
        for code in children(item, "TextCode"):
            for character, point in _characters(code):
                x, y = self._pixel(_moved(matrix, point, left, top))
                if abs(angle) < 0.5:
                    drawing.text((x, y), character, fill, face, anchor="ls", stroke_width=outlined)
                else:
                    self._turned(character, (x, y), face, fill, -angle)

    def _turned(
        self, character: str, at: Point, face: Any, fill: tuple[int, int, int, int], angle: float
    ) -> None:
        """Draw one character turned around the start of its baseline."""
        side = int(face.size * 3) | 1
        tile = Image.new("L", (side, side), 0)
        ImageDraw.Draw(tile).text((side // 2, side // 2), character, fill[3], face, anchor="ls")
        turned = tile.rotate(angle, Image.Resampling.BICUBIC)
        corner = (round(at[0]) - side // 2, round(at[1]) - side // 2)
        self.image.paste(Image.new("RGB", turned.size, fill[:3]), corner, turned)

    def _face(self, name: str, size: int) -> Any:
        if not 0 < size <= max(self.image.size):
            raise ValueError("no size of a letter")
        found = self._faces.get((name, size))
        if found is None:
            data = self.fonts.get(name)
            try:
                found = ImageFont.truetype(io.BytesIO(data or b""), size)
            except OSError:
                self.whole = False
                found = ImageFont.truetype(_own_font(), size)
            self._faces[name, size] = found
        return found


def _own_font() -> str:
    from certificates.fonts.book import packaged

    return str(packaged("text")[0])


def _box(item: Element) -> tuple[float, ...]:
    box = numbers(item.get("Boundary") or "")
    if len(box) != 4:
        raise ValueError("no boundary")
    return box


def _matrix(item: Element, otherwise: Matrix) -> Matrix:
    found = numbers(item.get("CTM") or "")
    return (
        (found[0], found[1], found[2], found[3], found[4], found[5])
        if len(found) == len(otherwise)
        else otherwise
    )


def _moved(matrix: Matrix, point: Point, left: float, top: float) -> Point:
    a, b, c, d, e, f = matrix
    x, y = point
    return a * x + c * y + e + left, b * x + d * y + f + top


def _colour(item: Element, name: str) -> tuple[int, int, int, int]:
    """Return RGB and opacity; black where none is given, grey of one value, CMYK by subtraction."""
    for child in children(item, name):
        values = numbers(child.get("Value") or "")
        alpha = round(float(child.get("Alpha") or 255) * float(item.get("Alpha") or 255) / 255)
        if len(values) == 1:
            values = values * 3
        elif len(values) == 4:
            values = tuple((255 - item_) * (255 - values[3]) / 255 for item_ in values[:3])
        red, green, blue = (*(min(255, max(0, round(value))) for value in values), 0, 0, 0)[:3]
        return red, green, blue, min(255, max(0, alpha))
    return 0, 0, 0, min(255, max(0, round(float(item.get("Alpha") or 255))))


def _characters(code: Element) -> Iterator[tuple[str, Point]]:
    """Yield each character with the start of its baseline."""
    x, y = float(code.get("X") or 0), float(code.get("Y") or 0)
    across, down = _deltas(code.get("DeltaX") or ""), _deltas(code.get("DeltaY") or "")
    for place, character in enumerate(code.text or ""):
        yield character, (x, y)
        x += across[place] if place < len(across) else 0.0
        y += down[place] if place < len(down) else 0.0


def _deltas(value: str) -> list[float]:
    """Return the steps; ``g 3 2.5`` stands for three steps of 2.5."""
    items, at = value.split(), 0
    steps: list[float] = []
    while at < len(items) and len(steps) < _OBJECTS:
        if items[at] == "g" and at + 2 < len(items):
            steps += [float(items[at + 2])] * min(_OBJECTS, max(0, int(items[at + 1])))
            at += 3
        else:
            steps.append(float(items[at]))
            at += 1
    return steps


_VALUES = {"S": 2, "M": 2, "L": 2, "Q": 4, "B": 6, "A": 7, "C": 0}


def _outlines(data: str) -> Iterator[list[Point]]:
    """Yield the parts of a path as points; curves in straight pieces, arcs as their chords."""
    points: list[Point] = []
    items, at = data.split(), 0
    while at < len(items):
        verb = items[at]
        count = _VALUES.get(verb)
        if count is None:
            raise ValueError("no path")
        values = [float(item) for item in items[at + 1 : at + 1 + count]]
        at += 1 + count
        if len(values) != count or not all(map(math.isfinite, values)):
            raise ValueError("path ends early")
        if verb in "SM":
            if points:
                yield points
            points = [(values[0], values[1])]
        elif verb == "C":
            points += points[:1]
        elif verb in "QB" and points:
            points += _curve([points[-1], *_pairs(values)])
        else:
            points.append((values[-2], values[-1]))
    if points:
        yield points


def _pairs(values: list[float]) -> list[Point]:
    return list(zip(values[::2], values[1::2], strict=True))


def _curve(points: list[Point]) -> list[Point]:
    """Return points on a Bézier curve, by de Casteljau's construction."""
    found = []
    for step in range(1, _CURVE + 1):
        share, held = step / _CURVE, points
        while len(held) > 1:
            held = [
                (one[0] + (two[0] - one[0]) * share, one[1] + (two[1] - one[1]) * share)
                for one, two in pairwise(held)
            ]
        found += held
    return found
