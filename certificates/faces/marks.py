"""Marks: what a laid-out page consists of. Millimetres from the top left, sizes in points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

POINT = 25.4 / 72
"""Millimetres in a typographic point."""

Segment = tuple[Literal["M", "L", "B", "C", "R"], tuple[float, ...]]
"""Move, line, cubic Bézier, close, rectangle (left, top, width, height), in millimetres."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Characters on one baseline from ``x``, ``y``, each followed by ``spacing`` millimetres.

    ``angle`` turns them counter-clockwise around their start, in degrees. ``weight`` is an
    outline in points drawn around the glyphs in the same colour, ``alpha`` their opacity.
    """

    x: float
    y: float
    size: float
    text: str
    spacing: float
    colour: str
    weight: float = 0.0
    angle: float = 0.0
    alpha: float = 1.0


@dataclass(frozen=True, slots=True)
class Path:
    """Lines and curves, stroked where ``stroke`` is a colour, filled where ``fill`` is one."""

    segments: tuple[Segment, ...]
    stroke: str = ""
    width: float = 0.2
    fill: str = ""


@dataclass(frozen=True, slots=True)
class Modules:
    """Dark modules of a matrix code whose first module has its corner at ``left``, ``top``.

    ``rows`` holds for each row its runs of dark modules: first column times 256, plus length.
    ``size`` is a module's, in millimetres.
    """

    left: float
    top: float
    size: float
    rows: tuple[tuple[int, ...], ...]
    fill: str


Mark = Glyphs | Path | Modules


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of a certificate: the background it shares with others, and its own marks."""

    background: Literal["first", "continuation"]
    marks: tuple[Mark, ...]
