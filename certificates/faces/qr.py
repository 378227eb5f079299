"""The QR code of a face (ISO/IEC 18004), drawn as filled rectangles, never as an image."""

from __future__ import annotations

from functools import lru_cache

from certificates.face import Box, Qr
from certificates.faces import ornament
from certificates.faces.marks import Path, Segment
from kernel.errors import TongbanError

QUIET = 4
"""Modules of quiet zone that the standard asks for on every side."""

_MASK = 3
"""One mask pattern for all codes: choosing the most even of eight takes longer than all the rest
of a certificate, and readers undo any of them."""


def ground(item: Qr) -> Path:
    """Return the white square under the code, so that a tinted page does not disturb scanners."""
    return ornament.box(Box(item.x, item.y, item.size, item.size, fill="#ffffff"))


@lru_cache(maxsize=32)
def draw(text: str, item: Qr) -> Path:
    """Return the dark modules, one rectangle per run of a row. Level M, version by length.

    Kept for a while: a certificate is drawn in several formats one after the other.

    Raises TongbanError ``face-overflow`` for a text that no version holds.
    """
    import segno

    try:
        code = segno.make(text, error="m", micro=False, boost_error=False, mask=_MASK)
    except segno.DataOverflowError:
        raise TongbanError("face-overflow", type="QR", field="qr") from None
    matrix = code.matrix
    module = item.size / (len(matrix) + 2 * QUIET)
    segments: list[Segment] = []
    for down, row in enumerate(matrix):
        top = item.y + (down + QUIET) * module
        for start, length in _runs(bytes(row)):
            left = item.x + (start + QUIET) * module
            box = (round(left, 3), round(top, 3), round(length * module, 3), round(module, 3))
            segments.append(("R", box))
    return Path(tuple(segments), fill=item.colour)


def _runs(row: bytes) -> list[tuple[int, int]]:
    """Return start and length of each run of dark modules."""
    runs, start = [], -1
    for place, dark in enumerate(row + b"\0"):
        if dark and start < 0:
            start = place
        elif not dark and start >= 0:
            runs.append((start, place - start))
            start = -1
    return runs
