"""Outlines of characters from font files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import uharfbuzz
from fontTools.pens.recordingPen import RecordingPen

from kernel.errors import TongbanError
from signing.drawing.model import Op

Place = Callable[[float, float], tuple[float, float]]
"""Maps a cell, from -0.5 to 0.5 with y downward, to millimetres of the drawing."""

_CELL_CENTRE = 0.38
"""Middle of the ideographic em box (0.88 above, 0.12 below the baseline) in ems."""


class Glyphs:
    """Faces in order of preference; a character comes from the first that has it."""

    def __init__(self, fonts: Sequence[Path]) -> None:
        """Open the font files; raises TongbanError ``seal-font-unreadable``."""
        self._fonts: list[tuple[uharfbuzz.Font, int]] = []
        for path in fonts:
            try:
                face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(path)))
                units = int(face.upem)
                usable = units > 0 and bool(face.unicodes)
            except (OSError, ValueError, uharfbuzz.HarfBuzzError) as error:
                raise TongbanError("seal-font-unreadable", font=path.name) from error
            if not usable:
                raise TongbanError("seal-font-unreadable", font=path.name)
            self._fonts.append((uharfbuzz.Font(face), units))

    def outline(self, letter: str, place: Place) -> tuple[Op, ...]:
        """Return the outline of one character, placed.

        Raises TongbanError ``seal-glyph-missing`` naming the character and its code point: a seal
        never shows a box.
        """
        for font, units in self._fonts:
            glyph = font.get_nominal_glyph(ord(letter))
            if glyph:
                pen = RecordingPen()
                font.draw_glyph_with_pen(glyph, pen)
                middle = font.get_glyph_h_advance(glyph) / units / 2
                return _ops(pen.value, units, middle, place)
        code = f"U+{ord(letter):04X}"
        raise TongbanError("seal-glyph-missing", char=letter, code_point=code)


def _ops(
    record: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    units: int,
    middle: float,
    place: Place,
) -> tuple[Op, ...]:
    out: list[Op] = []
    for verb, points in record:
        placed = tuple(place(x / units - middle, _CELL_CENTRE - y / units) for x, y in points)
        if verb == "qCurveTo":
            out.append(Op("C", _raised(out[-1].points[-1], *placed)))
        else:
            letter = {"moveTo": "M", "lineTo": "L", "curveTo": "C"}.get(verb, "Z")
            out.append(Op(letter, placed))
    return tuple(out)


def _raised(
    start: tuple[float, float], control: tuple[float, float], end: tuple[float, float]
) -> tuple[tuple[float, float], ...]:
    """Return the cubic curve that equals a quadratic one."""
    first, second = (
        (a + 2 * (c - a) / 3, b + 2 * (d - b) / 3)
        for (a, b), (c, d) in ((start, control), (end, control))
    )
    return first, second, end
