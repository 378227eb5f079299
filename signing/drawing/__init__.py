"""Draws seals by rule from an authority's name: vector paths in millimetres, PNG with alpha."""

from __future__ import annotations

from signing.drawing.glyphs import Glyphs
from signing.drawing.model import RED, Drawing, Op, Shape, path_data
from signing.drawing.personal import (
    LONGEST_PERSON,
    SHORTEST_PERSON,
    PersonalSeal,
    personal_seal,
)
from signing.drawing.raster import png
from signing.drawing.round import (
    LONGEST_NAME,
    LONGEST_SECOND_LINE,
    SHORTEST_NAME,
    RoundSeal,
    round_seal,
)
from signing.drawing.strips import strips

__all__ = [
    "LONGEST_NAME",
    "LONGEST_PERSON",
    "LONGEST_SECOND_LINE",
    "RED",
    "SHORTEST_NAME",
    "SHORTEST_PERSON",
    "Drawing",
    "Glyphs",
    "Op",
    "PersonalSeal",
    "RoundSeal",
    "Shape",
    "path_data",
    "personal_seal",
    "png",
    "round_seal",
    "strips",
]
