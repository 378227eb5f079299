"""The square name seal of a person (个人名章): a frame, the name in columns from right to left.

By the usage of seal cutters short names are filled up with 印 or 之印, so that four characters
share the square evenly; longer names get as many columns as keep every character nearly square.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from kernel.errors import TongbanError
from signing.drawing.glyphs import Glyphs, Place
from signing.drawing.model import Drawing, Op, Shape

SHORTEST_PERSON, LONGEST_PERSON = 2, 40
_EVEN = 4
"""Characters that shorter names are filled up to."""
_FRAME = 0.05
"""Width of the frame as a part of the side: 1 mm of 20."""
_GAP = 0.03
"""From the frame to the characters."""
_FILL = 0.93
"""Part of its cell that a character takes."""
_SLENDER = 1.5
"""A character is at most so many times higher than wide, or wider than high."""
_UPRIGHT = 0.1
"""Added to the square root: where two shares of columns do, the characters stand upright."""
_PEN = 0.008
_THINNEST_PEN = 0.06
"""Of a character's smaller side at most: more would fill the gaps of small characters."""


@dataclass(frozen=True, slots=True)
class PersonalSeal:
    """What is to be drawn: the name, whether to fill it up with 印, the side in mm."""

    name: str
    fill_up: bool = True
    side_mm: float = 20.0


def personal_seal(seal: PersonalSeal, glyphs: Glyphs) -> Drawing:
    """Draw the seal. The same input gives the same drawing.

    Raises TongbanError ``seal-name-length`` and ``seal-glyph-missing``.
    """
    name = "".join(seal.name.split())
    if not SHORTEST_PERSON <= len(name) <= LONGEST_PERSON:
        raise TongbanError("seal-name-length", size=len(name), second=0)
    if seal.fill_up and len(name) < _EVEN:
        name += {1: "印", 2: "之印"}[_EVEN - len(name)]
    shapes = [_frame(seal.side_mm)]
    shapes += [
        Shape(glyphs.outline(letter, place), pen) for letter, place, pen in _cells(name, seal)
    ]
    return Drawing(seal.side_mm, seal.side_mm, tuple(shapes))


def _cells(name: str, seal: PersonalSeal) -> Iterator[tuple[str, Place, float]]:
    """Yield each character with its place; columns from the right, the first the emptiest."""
    columns = max(2, round(math.sqrt(len(name)) + _UPRIGHT))
    few, rest = divmod(len(name), columns)
    edge = seal.side_mm * (_FRAME + _GAP)
    room = seal.side_mm - 2 * edge
    width = room / columns
    letters = iter(name)
    for column in range(columns):
        rows = few + (column >= columns - rest)
        height = room / rows
        middle = seal.side_mm - edge - width * (column + 0.5)
        glyph_width = min(width, height * _SLENDER) * _FILL
        glyph_height = min(height, width * _SLENDER) * _FILL
        pen = min(seal.side_mm * _PEN, min(glyph_width, glyph_height) * _THINNEST_PEN / 2)
        for row in range(rows):
            centre = (middle, edge + height * (row + 0.5))
            yield next(letters), _place(centre, glyph_width, glyph_height), pen


def _place(centre: tuple[float, float], width: float, height: float) -> Place:
    return lambda u, v: (centre[0] + u * width, centre[1] + v * height)


def _frame(side: float) -> Shape:
    inset = side * _FRAME
    return Shape((*_square(0.0, side), *_square(inset, side - inset)))


def _square(low: float, high: float) -> tuple[Op, ...]:
    return (
        Op("M", ((low, low),)),
        Op("L", ((high, low),)),
        Op("L", ((high, high),)),
        Op("L", ((low, high),)),
        Op("Z"),
    )
