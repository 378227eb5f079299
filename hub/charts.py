"""Layout of pictures that the server draws as SVG. Pure: numbers in, places out, no markup.

Each picture has a table twin on its page; the picture alone never carries a fact.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from catalog.model import Edge
from catalog.ports import Use

_ROW: Final = 34
_BOX: Final = 26
_TOP: Final = 34
_PLACES: Final = {"file": (0, 170), "title": (230, 170), "column": (460, 230), "field": (750, 190)}
"""Left edge and width of the boxes of each kind, in user units."""


@dataclass(frozen=True, slots=True)
class Box:
    """A labelled box; ``full`` is the whole text where ``label`` had to be cut."""

    x: float
    y: float
    width: float
    height: float
    label: str
    full: str
    kind: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """Column lineage as a picture: boxes, curves (SVG path data) and size in user units."""

    boxes: tuple[Box, ...]
    curves: tuple[str, ...]
    heads: tuple[tuple[int, str], ...]
    width: int
    height: int


def lineage(edges: Sequence[Edge], uses: Sequence[Use], titles: Mapping[str, str]) -> Lineage:
    """Lay out file → column of the file → standard column → certificate field.

    ``titles`` name standard columns in Chinese.
    """
    names = {
        "file": {edge.source_file: edge.source_file for edge in edges},
        "title": {edge.source_column: edge.source_column for edge in edges},
        "column": {
            edge.column: f"{titles.get(edge.column, '')} {edge.column}".strip() for edge in edges
        },
        "field": {f"{use.kind}/{use.field}": use.title for use in uses},
    }
    kinds = [kind for kind, found in names.items() if found]
    height = _TOP + _ROW * max((len(found) for found in names.values()), default=1)
    boxes: dict[tuple[str, str], Box] = {}
    for kind in kinds:
        boxes |= _column(kind, names[kind], height)
    links = dict.fromkeys(
        pair
        for edge in edges
        for pair in (
            (("file", edge.source_file), ("title", edge.source_column)),
            (("title", edge.source_column), ("column", edge.column)),
        )
    ) | dict.fromkeys(
        (("column", use.column), ("field", f"{use.kind}/{use.field}"))
        for use in uses
        if ("column", use.column) in boxes
    )
    return Lineage(
        boxes=tuple(boxes.values()),
        curves=tuple(_curve(boxes[start], boxes[end]) for start, end in links),
        heads=tuple((_PLACES[kind][0], kind) for kind in kinds),
        width=sum(_PLACES[kinds[-1]]) + 2 if kinds else 2,
        height=height,
    )


def _column(kind: str, names: Mapping[str, str], height: int) -> dict[tuple[str, str], Box]:
    """Return the boxes of one kind, centred on the height of the picture."""
    x, width = _PLACES[kind]
    start = _TOP + (height - _TOP - _ROW * len(names)) / 2
    return {
        (kind, name): Box(x, start + place * _ROW, width, _BOX, cut(full, width - 16), full, kind)
        for place, (name, full) in enumerate(names.items())
    }


def cut(text: str, width: float, size: float = 13) -> str:
    """Shorten ``text`` with an ellipsis so that it fits ``width`` at font ``size``."""
    taken = 0.0
    for place, char in enumerate(text):
        wide = unicodedata.east_asian_width(char) in {"W", "F"}
        taken += size if wide else size * 0.58
        if taken > width:
            return text[: max(place - 1, 1)] + "…"
    return text


def _curve(start: Box, end: Box) -> str:
    x1, y1 = start.x + start.width, start.y + start.height / 2
    x2, y2 = end.x, end.y + end.height / 2
    middle = (x1 + x2) / 2
    return f"M{x1:.0f} {y1:.0f}C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
