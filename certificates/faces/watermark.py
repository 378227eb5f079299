"""加注: the visible part of an annotated copy, over the whole of every page."""

from __future__ import annotations

import math
from dataclasses import replace

from certificates.face import Face
from certificates.faces.fitting import Slot, fit, wrap
from certificates.faces.marks import POINT, Glyphs
from certificates.faces.wording import moment_text
from certificates.fonts import Fonts
from certificates.model import Annotation

_SIZE, _LEAST = 10.5, 8.0
_LEADING = 1.4
_EMS = 22.0
_ANGLE = 24.0
_COLOUR = "#5a4a6a"
_ALPHA = 0.30
_DOWN, _ACROSS = 72.0, 98.0
"""Distances of the blocks in millimetres, so that no cut-out of a page is free of them."""


def lines(fonts: Fonts, annotation: Annotation) -> list[str]:
    """Return what the watermark says, in lines of at most ``_EMS`` ems."""
    parts = (
        f"加注件　制作者：{annotation.maker}",
        f"事由：{annotation.cause}",
        f"制作时间：{moment_text(annotation.created_at)}",
        f"有效期至：{moment_text(annotation.expires_at)}",
    )
    return [line for part in parts for line in wrap(fonts, part, _EMS) or [part]]


def draw(face: Face, fonts: Fonts, annotation: Annotation) -> list[Glyphs]:
    """Return the watermark as slanted, translucent runs."""
    held = lines(fonts, annotation)
    columns, rows, size = _grid(face, max(fonts.width(line) for line in held), len(held))
    marks: list[Glyphs] = []
    for place in range(columns * rows):
        row, column = divmod(place, columns)
        centre = face.width * (column + 0.5) / columns, face.height * (row + 0.5) / rows
        marks += _block(fonts, held, size, centre)
    return marks


def _grid(face: Face, ems: float, lines: int) -> tuple[int, int, float]:
    """Return columns, rows and text size: as dense as the turned block fits its cell legibly."""
    sin, cos = math.sin(math.radians(_ANGLE)), math.cos(math.radians(_ANGLE))
    tall = lines * _LEADING
    wide, high = ems * cos + tall * sin, ems * sin + tall * cos
    columns = max(1, round(face.width / _ACROSS))
    rows = max(1, round(face.height / _DOWN))
    while True:
        room = min(face.width / columns / wide, face.height / rows / high) * 0.92 / POINT
        if room >= _LEAST or columns == rows == 1:
            return columns, rows, min(_SIZE, room)
        if (face.width / columns / wide < face.height / rows / high and columns > 1) or rows == 1:
            columns -= 1
        else:
            rows -= 1


def _block(fonts: Fonts, held: list[str], size: float, centre: tuple[float, float]) -> list[Glyphs]:
    turn = math.radians(_ANGLE)
    leading = size * _LEADING * POINT
    marks = []
    for number, line in enumerate(held):
        half = fonts.width(line) * size * POINT / 2
        down = (number - (len(held) - 1) / 2) * leading
        slot = Slot(0, 0, half * 2 + 1, size, size, 1, "left", _COLOUR)
        run = (fit(fonts, line, slot) or [])[0]
        x = centre[0] - half * math.cos(turn) + down * math.sin(turn)
        y = centre[1] + half * math.sin(turn) + down * math.cos(turn)
        marks.append(replace(run, x=round(x, 3), y=round(y, 3), angle=_ANGLE, alpha=_ALPHA))
    return marks
