"""Marks as PDF content streams."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache, lru_cache

from certificates.faces.marks import POINT, Glyphs, Mark, Modules, Path
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
    codes = {character: f"{code:04X}" for character, code in font.numbers.items()}
    parts = []
    for mark in marks:
        if isinstance(mark, Glyphs):
            opening = _opening(
                *(mark.x, mark.y, mark.size, mark.spacing, mark.colour),
                *(mark.weight, mark.angle, mark.alpha, resource, height),
            )
            parts.append(f"{opening}<{''.join([codes[c] for c in mark.text])}> Tj ET Q")
        elif isinstance(mark, Path):
            parts.append(_path(mark, height))
        else:
            parts.append(_modules(mark, height))
    return "\n".join(parts).encode("ascii")


class _Cells(dict[int, str]):
    """Rectangles of runs of modules in some row ``y``, each written once."""

    def __missing__(self, run: int) -> str:
        made = self[run] = f"{run >> 8} y {run & 255} 1 re"
        return made


@cache
def _cells() -> _Cells:
    return _Cells()


def _modules(mark: Modules, height: float) -> str:
    """Draw with modules as units: the matrix turns them into points from the bottom."""
    cells, unit = _cells(), mark.size * _SCALE
    x, y = number(mark.left * _SCALE), number((height - mark.top) * _SCALE)
    drawn = [
        " ".join([cells[run] for run in runs]).replace("y", str(row))
        for row, runs in enumerate(mark.rows)
    ]
    lines = "\n".join(drawn)
    return f"q {unit:.6f} 0 0 -{unit:.6f} {x} {y} cm {_colour(mark.fill)} rg\n{lines}\nf Q"


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


@lru_cache(maxsize=16384)
def _opening(  # noqa: PLR0917 - the members of a mark, as a key of the cache
    x: float,
    y: float,
    size: float,
    spacing: float,
    colour: str,
    weight: float,
    angle: float,
    alpha: float,
    resource: str,
    height: float,
) -> str:
    """Return what precedes the codes of a run of text; most runs stand where others stood."""
    turn = math.radians(angle)
    cos, sin = number(math.cos(turn)), number(math.sin(turn))
    back = number(-math.sin(turn))
    left, bottom = number(x * _SCALE), number((height - y) * _SCALE)
    painted = _colour(colour)
    paint = f"{painted} rg"
    if weight:
        paint += f" {painted} RG {number(weight)} w 2 Tr"
    if alpha < 1:
        paint = f"/{state_name(alpha)} gs {paint}"
    spaced = f" {number(spacing * _SCALE)} Tc" if spacing else ""
    matrix = f"{cos} {sin} {back} {cos} {left} {bottom} Tm"
    return f"q {paint} BT /{resource} {number(size)} Tf{spaced} {matrix} "


@lru_cache(maxsize=256)
def _colour(value: str) -> str:
    return " ".join(number(int(value[at : at + 2], 16) / 255) for at in (1, 3, 5))
