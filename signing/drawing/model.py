"""A drawing in millimetres: filled paths, y downward, origin at the top left."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

RED = (218, 18, 26)
"""The red of a stamp pad (印泥), as sRGB."""
_POINTS_PER_MM = 72 / 25.4


@dataclass(frozen=True, slots=True)
class Op:
    """One path operation: ``M`` move, ``L`` line, ``C`` cubic curve, ``Z`` close; points in mm."""

    verb: str
    points: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """A closed path filled by the even-odd rule and outlined by a pen of the same colour."""

    ops: tuple[Op, ...]
    pen_mm: float = 0.0
    """Width of the pen, which makes a regular face as bold as an engraver would cut it."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes of one colour on a transparent ground."""

    width_mm: float
    height_mm: float
    shapes: tuple[Shape, ...]
    colour: tuple[int, int, int] = RED

    def svg(self) -> str:
        """Return a complete SVG 1.1 document sized in millimetres."""
        colour = "#{:02x}{:02x}{:02x}".format(*self.colour)
        paths = "".join(
            f'<path d="{path_data(shape)}" stroke-width="{shape.pen_mm:g}"/>'
            for shape in self.shapes
        )
        size = f"{self.width_mm:g} {self.height_mm:g}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width_mm:g}mm" '
            f'height="{self.height_mm:g}mm" viewBox="0 0 {size}"><g fill="{colour}" '
            f'stroke="{colour}" fill-rule="evenodd" stroke-linejoin="round">{paths}</g></svg>'
        )

    def pdf_operators(self) -> bytes:
        """Return the content stream of a PDF form with the box [0 0 width height] in points."""
        red, green, blue = (value / 255 for value in self.colour)
        colour = f"{red:.4f} {green:.4f} {blue:.4f}"
        lines = ["q", "1 j", f"{colour} rg", f"{colour} RG"]
        for shape in self.shapes:
            lines.append(f"{shape.pen_mm * _POINTS_PER_MM:.3f} w")
            lines += [self._pdf_operator(op) for op in shape.ops]
            lines.append("B*" if shape.pen_mm else "f*")
        return "\n".join([*lines, "Q", ""]).encode("ascii")

    def _pdf_operator(self, op: Op) -> str:
        numbers = [
            f"{value * _POINTS_PER_MM:.3f}"
            for x, y in op.points
            for value in (x, self.height_mm - y)
        ]
        return " ".join([*numbers, {"M": "m", "L": "l", "C": "c", "Z": "h"}[op.verb]])


def path_data(shape: Shape) -> str:
    """Return the ``d`` attribute of an SVG path in millimetres."""
    return "".join(
        op.verb + " ".join(f"{value:.3f}" for point in op.points for value in point)
        for op in shape.ops
    )


def contours(shape: Shape) -> Iterator[list[tuple[float, float]]]:
    """Yield each closed contour as a polygon; a curve becomes about five lines per millimetre."""
    polygon: list[tuple[float, float]] = []
    for op in shape.ops:
        if op.verb == "M":
            if len(polygon) > 2:
                yield polygon
            polygon = [op.points[0]]
        elif op.verb == "L":
            polygon.append(op.points[0])
        elif op.verb == "C":
            polygon += _curve(polygon[-1], op.points)
    if len(polygon) > 2:
        yield polygon


def _curve(
    start: tuple[float, float], points: tuple[tuple[float, float], ...]
) -> list[tuple[float, float]]:
    (x1, y1), (x2, y2), (x3, y3) = points
    steps = min(6 + round(5 * math.dist(start, points[-1])), 128)
    out = []
    for step in range(1, steps + 1):
        t = step / steps
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        x = a * start[0] + b * x1 + c * x2 + d * x3
        out.append((x, a * start[1] + b * y1 + c * y2 + d * y3))
    return out
