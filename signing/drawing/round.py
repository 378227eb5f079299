"""The round official seal (圆形公章): ring, five-point star, name along the arc.

Follows the usage that 国发〔1999〕25号 describes for organs of local government: round, a star in
the middle, the authority's name around it from left to right, in simplified Song type. Where an
authority keeps seals for special uses, a second line below the star names the use (…专用章).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from kernel.errors import TongbanError
from signing.drawing.glyphs import Glyphs, Place
from signing.drawing.model import Drawing, Op, Shape

SHORTEST_NAME, LONGEST_NAME = 2, 40
LONGEST_SECOND_LINE = 12

_RING = 0.030
"""Width of the ring as a part of the diameter: 1.2 mm of 40."""
_GAP = 0.034
"""From the ring to the name."""
_STAR = 0.182
"""Radius of the star's points."""
_STAR_WAIST = math.sin(math.radians(18)) / math.sin(math.radians(54))
_TWO_ROWS_FROM = 25
"""From here names go around twice; in one row they would be half as wide as high."""
_KAPPA = 0.5522847498
"""Control point of a cubic quarter circle of radius 1."""
_PEN = 0.0045


@dataclass(frozen=True, slots=True)
class RoundSeal:
    """What is to be drawn: the name, an optional second line, the outer diameter in mm."""

    name: str
    second_line: str = ""
    diameter_mm: float = 40.0


@dataclass(frozen=True, slots=True)
class _Row:
    """Characters on one arc; lengths in mm, angles in radians, clockwise from the top."""

    text: str
    radius: float
    pitch: float
    width: float
    height: float


def round_seal(seal: RoundSeal, glyphs: Glyphs) -> Drawing:
    """Draw the seal. The same input gives the same drawing.

    Raises TongbanError ``seal-name-length`` and ``seal-glyph-missing``.
    """
    name = "".join(seal.name.split())
    second = "".join(seal.second_line.split())
    if not SHORTEST_NAME <= len(name) <= LONGEST_NAME or len(second) > LONGEST_SECOND_LINE:
        raise TongbanError("seal-name-length", size=len(name), second=len(second))
    size = seal.diameter_mm
    rows = _rows(name, size, with_second=bool(second))
    star = size * _STAR if len(rows) == 1 else size * _STAR * 0.72
    shapes = [_ring(size), _star(size / 2, star)]
    pen = size * _PEN
    for row in rows:
        shapes += [Shape(ops, pen) for ops in _arc(row, size / 2, glyphs)]
    if second:
        shapes += [Shape(ops, pen) for ops in _line(second, size, len(rows), glyphs)]
    return Drawing(size, size, tuple(shapes))


def _rows(name: str, size: float, *, with_second: bool) -> tuple[_Row, ...]:
    outside = size * (0.5 - _RING - _GAP)
    if len(name) < _TWO_ROWS_FROM:
        # Few characters stay large and close; more of them grow narrower and then lower.
        height = size * (0.158 if len(name) <= 12 else 0.158 - 0.0025 * (len(name) - 12))
        return (_row(name, outside, height, with_second=with_second),)
    height = size * 0.098
    cut = math.ceil(len(name) * 0.57)
    inside = outside - height - size * 0.016
    return (
        _row(name[:cut], outside, height, with_second=with_second),
        _row(name[cut:], inside, height, with_second=with_second),
    )


def _row(text: str, outside: float, height: float, *, with_second: bool) -> _Row:
    radius = outside - height / 2
    widest = math.radians(232 if with_second else 272)
    roomiest = math.radians(38)  # between two characters: more would tear a short name apart
    turn = min(widest, roomiest * (len(text) - 1))
    pitch = turn / max(len(text) - 1, 1)
    # The inner corners of two cells must not meet.
    room = 2 * (radius - height / 2) * math.tan(pitch / 2) * 0.97
    return _Row(text, radius, pitch, min(height * 0.86, room), height)


def _arc(row: _Row, centre: float, glyphs: Glyphs) -> Sequence[tuple[Op, ...]]:
    first = -row.pitch * (len(row.text) - 1) / 2
    return [
        glyphs.outline(letter, _on_arc(row, centre, first + row.pitch * at))
        for at, letter in enumerate(row.text)
    ]


def _on_arc(row: _Row, centre: float, angle: float) -> Place:
    sine, cosine = math.sin(angle), math.cos(angle)

    def place(u: float, v: float) -> tuple[float, float]:
        right, down = u * row.width, v * row.height - row.radius
        return centre + right * cosine - down * sine, centre + right * sine + down * cosine

    return place


def _line(text: str, size: float, rows: int, glyphs: Glyphs) -> Sequence[tuple[Op, ...]]:
    height = size * (0.105 if rows == 1 else 0.085)
    middle = size * (0.5 + (0.275 if rows == 1 else 0.255))
    chord = 2 * math.sqrt((size * 0.43) ** 2 - (middle - size / 2 + height / 2) ** 2) * 0.94
    pitch = min(height * 1.04, chord / len(text))
    width = min(height * 0.9, pitch * 0.96)
    left = size / 2 - pitch * (len(text) - 1) / 2

    def cell(at: int) -> Place:
        return lambda u, v: (left + pitch * at + u * width, middle + v * height)

    return [glyphs.outline(letter, cell(at)) for at, letter in enumerate(text)]


def _ring(size: float) -> Shape:
    outer, inner = size / 2, size * (0.5 - _RING)
    return Shape((*_circle(size / 2, outer), *_circle(size / 2, inner)))


def _circle(centre: float, radius: float) -> tuple[Op, ...]:
    arm = radius * _KAPPA
    corners = ((0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))

    def at(x: float, y: float) -> tuple[float, float]:
        return centre + x, centre + y

    ops = [Op("M", (at(0, -radius),))]
    for (x1, y1), (x2, y2) in itertools.pairwise(corners):
        first = at(x1 * radius + x2 * arm, y1 * radius + y2 * arm)
        second = at(x2 * radius + x1 * arm, y2 * radius + y1 * arm)
        ops.append(Op("C", (first, second, at(x2 * radius, y2 * radius))))
    return (*ops, Op("Z"))


def _star(centre: float, radius: float) -> Shape:
    points = []
    for at in range(10):
        reach = radius if at % 2 == 0 else radius * _STAR_WAIST
        angle = math.radians(36 * at)
        points.append((centre + reach * math.sin(angle), centre - reach * math.cos(angle)))
    lines = tuple(Op("L", (point,)) for point in points[1:])
    return Shape((Op("M", (points[0],)), *lines, Op("Z")))
