"""Draws seals by rule from an authority's name: vector paths in millimetres, PNG with alpha."""

from __future__ import annotations

from signing.drawing.glyphs import Glyphs
from signing.drawing.model import RED, Drawing, Op, Shape, path_data
from signing.drawing.raster import png
from signing.drawing.round import (
    LONGEST_NAME,
    LONGEST_SECOND_LINE,
    SHORTEST_NAME,
    RoundSeal,
    round_seal,
)

__all__ = [
    "LONGEST_NAME",
    "LONGEST_SECOND_LINE",
    "RED",
    "SHORTEST_NAME",
    "Drawing",
    "Glyphs",
    "Op",
    "RoundSeal",
    "Shape",
    "path_data",
    "png",
    "round_seal",
]
