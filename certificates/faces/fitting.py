"""Fit a text into its place: first smaller, then on more lines, never cut off."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from certificates.face import Align
from certificates.faces.marks import POINT, Glyphs
from certificates.fonts import Fonts

LEADING = 1.22
"""Distance of two baselines in ems."""

MIDDLE = 0.37
"""Height of the middle of a Chinese character above the baseline, in ems."""

_STEP = 0.5
_SINGLE_DOWN_TO = 0.78
"""A single line shrinks to this share of its size before the text is broken into lines."""

_NOT_FIRST = frozenset("，。、；：！？）》〉」』】〕・…—,.;:!?)]}·")


@dataclass(frozen=True, slots=True)
class Slot:
    """Where and how a text is set; see ``certificates.face.Text`` for the meanings."""

    x: float
    y: float
    width: float
    size: float
    least: float
    lines: int
    align: Align
    colour: str
    spacing: float = 0.0
    weight: float = 0.0


@lru_cache(maxsize=4096)
def fit(fonts: Fonts, text: str, slot: Slot) -> tuple[Glyphs, ...] | None:
    """Return the lines as glyph runs, or None where the text fits in no permitted way.

    Kept for a while: most words of a certificate stand on many others in the same place.
    """
    found = _choose(fonts, text, slot)
    if found is None:
        return None
    size, lines = found
    leading = size * LEADING * POINT
    top = slot.y - leading * (len(lines) - 1) / 2
    return tuple(
        [_set(fonts, line, slot, size, top + leading * number) for number, line in enumerate(lines)]
    )


def _choose(fonts: Fonts, text: str, slot: Slot) -> tuple[float, list[str]] | None:
    ems = fonts.width(text) + slot.spacing * max(len(text) - 1, 0)
    if ems * slot.size * POINT <= slot.width + 1e-6:
        return slot.size, [text]
    fitting = slot.width / (ems * POINT)
    floor = slot.size * _SINGLE_DOWN_TO if slot.lines > 1 else slot.least
    if fitting >= max(floor, slot.least):
        return round(fitting - 0.005, 2), [text]
    size = slot.size * _SINGLE_DOWN_TO
    while slot.lines > 1 and size >= slot.least - 1e-6:
        lines = wrap(fonts, text, slot.width / (size * POINT), slot.spacing)
        if lines is not None and len(lines) <= slot.lines:
            return size, lines
        size = size - _STEP if size - _STEP >= slot.least or size == slot.least else slot.least
    return None


def wrap(fonts: Fonts, text: str, ems: float, spacing: float = 0.0) -> list[str] | None:
    """Break a text into lines of at most ``ems``; digits and Latin words stay together.

    Blanks at a break are dropped. Returns None where one piece alone is too wide.
    """
    lines: list[str] = []
    line, used = "", 0.0
    for piece in _pieces(text):
        whole = fonts.width(piece) + spacing * (len(piece) - 1) <= ems
        for part in [piece] if whole else piece:
            own = fonts.width(part) + spacing * len(part)
            if line and used + own - spacing > ems:
                lines.append(line.rstrip())
                line, used = "", 0.0
            if own - spacing > ems:
                return None
            if line or part.strip() or not lines:
                line, used = line + part, used + own
    return [*lines, line] if line else lines or [""]


def _pieces(text: str) -> list[str]:
    """Split into unbreakable pieces: runs of ASCII letters, digits and hyphens, else single ones.

    A mark that must not begin a line stays with the piece before it.
    """
    pieces: list[str] = []
    for character in text:
        joined = pieces and (
            (character in _NOT_FIRST) or (_word(character) and _word(pieces[-1][-1]))
        )
        if joined:
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def _word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in "-_/")


def _set(fonts: Fonts, line: str, slot: Slot, size: float, middle: float) -> Glyphs:
    em = size * POINT
    natural = fonts.width(line) * em
    spacing = slot.spacing * em
    gaps = max(len(line) - 1, 0)
    if slot.align == "justify" and gaps and natural < slot.width:
        spacing = (slot.width - natural) / gaps
    wide = natural + spacing * gaps
    shift = {"center": (slot.width - wide) / 2, "right": slot.width - wide}.get(slot.align, 0.0)
    return Glyphs(
        x=round(slot.x + shift, 3),
        y=round(middle + MIDDLE * em, 3),
        size=size,
        text=line,
        spacing=round(spacing, 4),
        colour=slot.colour,
        weight=slot.weight,
    )
