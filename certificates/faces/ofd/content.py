"""Marks as objects of an OFD page (GB/T 33190 chapters 8 to 11). Millimetres, origin top left."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from xml.sax.saxutils import escape

from certificates.faces.marks import POINT, Glyphs, Mark, Modules, Path
from certificates.fonts import Embedded
from certificates.fonts.outline import UNITS

NAMESPACE = "http://www.ofdspec.org/2016"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'

_RISE = 0.88
"""Where the baseline lies below the top of a text object, in ems."""
_FALL = 0.22


@lru_cache(maxsize=16384)
def number(value: float) -> str:
    """Return a number with at most three decimals and no exponent."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def objects(
    marks: Iterable[Mark], font: Embedded, font_id: int, ids: Iterator[int], page: str
) -> str:
    """Return the object elements of some marks; ``page`` is the page box as ``x y w h``."""
    parts = []
    for mark in marks:
        if isinstance(mark, Glyphs):
            parts.append(_text(mark, font, font_id, next(ids), page))
        elif isinstance(mark, Path):
            parts.append(_path(mark, next(ids), page))
        else:
            parts.append(_modules(mark, next(ids)))
    return "".join(parts)


class _Cells(dict[int, str]):
    """Rectangles of runs of modules from row ``y`` to ``z``, each written once."""

    def __missing__(self, run: int) -> str:
        left, right = run >> 8, (run >> 8) + (run & 255)
        made = self[run] = f"M {left} y L {right} y L {right} z L {left} z C"
        return made


@cache
def _cells() -> _Cells:
    return _Cells()


def _modules(mark: Modules, own: int) -> str:
    """Draw with modules as units; the matrix turns them into millimetres."""
    cells, side = _cells(), mark.size * len(mark.rows)
    box = " ".join(map(number, (mark.left, mark.top, side, side)))
    drawn = [
        " ".join([cells[run] for run in runs]).replace("y", str(row)).replace("z", str(row + 1))
        for row, runs in enumerate(mark.rows)
    ]
    return (
        f'<ofd:PathObject ID="{own}" Boundary="{box}"'
        f' CTM="{mark.size:.6f} 0 0 {mark.size:.6f} 0 0" Stroke="false" Fill="true">'
        f'<ofd:FillColor Value="{_colour(mark.fill)}"/>'
        f"<ofd:AbbreviatedData>{' '.join(filter(None, drawn))}</ofd:AbbreviatedData>"
        "</ofd:PathObject>\n"
    )


def _path(mark: Path, own: int, page: str) -> str:
    stroke = "" if mark.stroke else ' Stroke="false"'
    fill = ' Fill="true"' if mark.fill else ""
    width = f' LineWidth="{number(mark.width)}"' if mark.stroke else ""
    colours = ""
    if mark.stroke:
        colours += f'<ofd:StrokeColor Value="{_colour(mark.stroke)}"/>'
    if mark.fill:
        colours += f'<ofd:FillColor Value="{_colour(mark.fill)}"/>'
    data = " ".join(_segment(operator, values) for operator, values in mark.segments)
    return (
        f'<ofd:PathObject ID="{own}" Boundary="{page}"{width}{stroke}{fill}>{colours}'
        f"<ofd:AbbreviatedData>{data}</ofd:AbbreviatedData></ofd:PathObject>\n"
    )


def _segment(operator: str, values: tuple[float, ...]) -> str:
    if operator == "R":
        left, top, width, height = values
        right, bottom = number(left + width), number(top + height)
        x, y = number(left), number(top)
        return f"M {x} {y} L {right} {y} L {right} {bottom} L {x} {bottom} C"
    return " ".join((operator, *map(number, values)))


def _text(mark: Glyphs, font: Embedded, font_id: int, own: int, page: str) -> str:
    em = mark.size * POINT
    advances, spacing = font.advances, mark.spacing
    steps = [advances[c] / UNITS * em + spacing for c in mark.text]
    if mark.angle:
        turn = math.radians(mark.angle)
        cos, sin = math.cos(turn), math.sin(turn)
        matrix = " ".join(map(number, (cos, -sin, sin, cos, mark.x, mark.y)))
        place, start = f'Boundary="{page}" CTM="{matrix}"', 0.0
    else:
        box = (mark.x, mark.y - _RISE * em, sum(steps) + em / 10, (_RISE + _FALL) * em)
        place, start = f'Boundary="{" ".join(map(number, box))}"', _RISE * em
    alpha = f' Alpha="{round(mark.alpha * 255)}"' if mark.alpha < 1 else ""
    colour = f'<ofd:FillColor Value="{_colour(mark.colour)}"{alpha}/>'
    stroke = ""
    if mark.weight:
        stroke = f' Stroke="true" LineWidth="{number(mark.weight * POINT)}"'
        colour += f'<ofd:StrokeColor Value="{_colour(mark.colour)}"/>'
    codes = "".join(_codes(mark.text, steps, start))
    return (
        f'<ofd:TextObject ID="{own}" {place} Font="{font_id}" Size="{number(em)}"{stroke}>'
        f"{colour}{codes}</ofd:TextObject>\n"
    )


def _codes(text: str, steps: list[float], baseline: float) -> Iterator[str]:
    """Yield the text in pieces, each with its own start.

    A character beyond the basic plane stands alone: readers disagree whether it counts as one
    step or two in ``DeltaX``.
    """
    x, y = 0.0, number(baseline)
    for start, stop in _pieces(text):
        own = steps[start:stop]
        delta = f' DeltaX="{" ".join(map(number, own[:-1]))}"' if len(own) > 1 else ""
        piece = escape(text[start:stop])
        yield f'<ofd:TextCode X="{number(x)}" Y="{y}"{delta}>{piece}</ofd:TextCode>'
        x += sum(own)


def _pieces(text: str) -> list[tuple[int, int]]:
    if max(text, default="") <= "\uffff":
        return [(0, len(text))] if text else []
    cuts = {0, len(text)}
    for place, character in enumerate(text):
        if ord(character) > 0xFFFF:
            cuts |= {place, place + 1}
    ordered = sorted(cuts)
    return list(itertools.pairwise(ordered))


@lru_cache(maxsize=256)
def _colour(value: str) -> str:
    return " ".join(str(int(value[at : at + 2], 16)) for at in (1, 3, 5))
