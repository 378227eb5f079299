"""The QR code of a face (ISO/IEC 18004), drawn as filled rectangles, never as an image."""

from __future__ import annotations

from functools import lru_cache

from certificates.face import Box, Qr
from certificates.faces import ornament
from certificates.faces.marks import Modules, Path
from certificates.faces.qrcodes import Code, code

QUIET = 4
"""Modules of quiet zone that the standard asks for on every side."""


def ground(item: Qr) -> Path:
    """Return the white square under the code, so that a tinted page does not disturb scanners."""
    return ornament.box(Box(item.x, item.y, item.size, item.size, fill="#ffffff"))


@lru_cache(maxsize=32)
def draw(text: str, item: Qr) -> Modules:
    """Return the dark modules, one rectangle per run of a row. Level M, version by length.

    Kept for a while: a certificate is drawn in several formats one after the other.

    Raises TongbanError ``face-overflow`` for a text that no version holds.
    """
    made = code(text)
    module = item.size / (made.size + 2 * QUIET)
    quiet = QUIET * module
    left, top = round(item.x + quiet, 3), round(item.y + quiet, 3)
    return Modules(left, top, module, rows(made), item.colour)


def rows(made: Code) -> tuple[tuple[int, ...], ...]:
    """Return the runs of dark modules of each row, as ``Modules`` has them."""
    size = made.size
    modules = f"{made.bits:0{size * size}b}"
    found = []
    for start in range(0, size * size, size):
        runs, column = [], 0
        for dark in modules[start : start + size].split("0"):
            if dark:
                length = len(dark)
                runs.append(column << 8 | length)
                column += length
            column += 1
        found.append(tuple(runs))
    return tuple(found)
