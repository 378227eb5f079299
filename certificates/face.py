"""Primitives of a face layout (版式). Read from TOML, drawn alike in PDF and OFD.

Lengths are millimetres from the top left corner, text sizes points, colours ``#rrggbb``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Align = Literal["left", "center", "right", "justify"]


@dataclass(frozen=True, slots=True)
class Text:
    """A line or block of text at a place.

    ``text`` holds ``{field}`` parts. ``y`` is the middle of the first line; a block of ``lines``
    grows around it. A text too long for ``width`` is first shrunk to ``least`` points, then broken
    into at most ``lines`` lines. ``justify`` spreads the characters over the whole width, as
    labels of Chinese forms are set. ``spacing`` is extra space between characters, in ems.
    """

    x: float
    y: float
    width: float
    text: str
    size: float
    align: Align = "left"
    colour: str = "#1a1a1a"
    least: float = 6.0
    lines: int = 1
    spacing: float = 0.0
    weight: float = 0.0
    """Outline width in points that makes the strokes heavier; for titles."""


@dataclass(frozen=True, slots=True)
class Line:
    """A straight rule."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str = "#8a6d3b"
    stroke: float = 0.2


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with an outline, a fill, or both."""

    x: float
    y: float
    width: float
    height: float
    colour: str = ""
    stroke: float = 0.2
    fill: str = ""
    notch: float = 0.0
    """Size of the re-entrant corners (回纹角) of an ornamental border."""


@dataclass(frozen=True, slots=True)
class Guilloche:
    """底纹: a net of fine waves over an area, as on security paper.

    Two families of ``bands`` lines with ``waves`` periods each; a line swings by ``swing`` times
    the distance of two lines and is shifted by ``lean`` radians against the one above it.
    """

    x: float
    y: float
    width: float
    height: float
    colour: str = "#f0e4d4"
    stroke: float = 0.1
    bands: int = 40
    waves: float = 3.0
    swing: float = 1.6
    lean: float = 0.35


@dataclass(frozen=True, slots=True)
class Rosette:
    """团花: rings of lobed curves around a point, two curves to a ring."""

    x: float
    y: float
    radius: float
    colour: str = "#f3dfd3"
    stroke: float = 0.1
    petals: int = 16
    strands: int = 12


@dataclass(frozen=True, slots=True)
class Qr:
    """Place of the QR code (ISO/IEC 18004), quiet zone included, drawn as vectors."""

    x: float
    y: float
    size: float
    colour: str = "#1a1a1a"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a printed table: which value, how wide, how set."""

    name: str
    title: str
    width: float
    align: Align = "center"


@dataclass(frozen=True, slots=True)
class Table:
    """A ruled table. ``rows`` fit on this page; further rows go to continuation pages.

    Rows without a value are drawn empty, and the first of them is struck with 以下空白.
    """

    name: str
    x: float
    y: float
    row_height: float
    rows: int
    columns: tuple[Column, ...]
    size: float = 9.0
    least: float = 5.5
    lines: int = 2
    colour: str = "#1a1a1a"
    rule: str = "#8a6d3b"
    head_fill: str = ""
    head_height: float = 0.0


Item = Text | Line | Box | Guilloche | Rosette | Qr | Table


@dataclass(frozen=True, slots=True)
class SealPlace:
    """Where the seal goes on the first page: corner and size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Face:
    """版面: page size, what is drawn on the first page and on continuation pages, seal place."""

    width: float
    height: float
    items: tuple[Item, ...]
    seal: SealPlace
    continuation: tuple[Item, ...] = ()
    colours: Mapping[str, str] = field(default_factory=dict)
