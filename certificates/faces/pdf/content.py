"""Marks as PDF content streams."""

from __future__ import annotations

import math
from collections.abc import Iterable

from certificates.faces.marks import POINT, Glyphs, Mark, Path
from certificates.faces.pdf.syntax import number
from certificates.fonts import Embedded

_OPERATORS = {"M": "m", "L": "l", "B": "c", "C": "h", "R": "re"}
_SCALE = 1 / POINT


def alphas(marks: Iterable[Mark]) -> list[float]:
    """Return the opacities used, in order; each needs a graphics state ``/G<percent>``."""
    found = {mark.alpha for mark in marks if isinstance(mark, Glyphs) and mark.alpha < 1}
    return sorted(found)


def state_name(alpha: float) -> str:
    """Return the name of the graphics state of an opacity."""
    return f"G{round(alpha * 100)}"


def write(marks: Iterable[Mark], font: Embedded, resource: str, height: float) -> bytes:
    """Return the operators that draw ``marks`` on a page ``height`` millimetres high."""
    parts = []
    for mark in marks:
        if isinstance(mark, Path):
            parts.append(_path(mark, height))
        else:
            parts.append(_text(mark, font, resource, height))
    return "\n".join(parts).encode("ascii")


def _path(mark: Path, height: float) -> str:
    """Draw in millimetres from the top: the matrix turns them into points from the bottom."""
    lines = [f"q {_SCALE:.6f} 0 0 -{_SCALE:.6f} 0 {number(height * _SCALE)} cm"]
    if mark.fill:
        lines.append(f"{_colour(mark.fill)} rg")
    if mark.stroke:
        lines.append(f"{_colour(mark.stroke)} RG {number(mark.width)} w")
    lines += [
        " ".join([*(f"{value:g}" for value in values), _OPERATORS[operator]])
        for operator, values in mark.segments
    ]
    lines.append({(True, True): "B", (True, False): "f", (False, True): "S"}[_paint(mark)] + " Q")
    return "\n".join(lines)


def _paint(mark: Path) -> tuple[bool, bool]:
    return bool(mark.fill), bool(mark.stroke)


def _text(mark: Glyphs, font: Embedded, resource: str, height: float) -> str:
    turn = math.radians(mark.angle)
    cos, sin = number(math.cos(turn)), number(math.sin(turn))
    back = number(-math.sin(turn))
    x, y = number(mark.x * _SCALE), number((height - mark.y) * _SCALE)
    colour = _colour(mark.colour)
    codes = "".join(f"{font.numbers[character]:04X}" for character in mark.text)
    paint = f"{colour} rg"
    if mark.weight:
        paint += f" {colour} RG {number(mark.weight)} w 2 Tr"
    if mark.alpha < 1:
        paint = f"/{state_name(mark.alpha)} gs {paint}"
    spacing = f" {number(mark.spacing * _SCALE)} Tc" if mark.spacing else ""
    matrix = f"{cos} {sin} {back} {cos} {x} {y} Tm"
    return f"q {paint} BT /{resource} {number(mark.size)} Tf{spacing} {matrix} <{codes}> Tj ET Q"


def _colour(value: str) -> str:
    return " ".join(number(int(value[at : at + 2], 16) / 255) for at in (1, 3, 5))
