"""A drawn page as the picture that goes into a web page: small, in base64."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

TALLEST = 2.0
"""A picture is at most so many times as high as it may be wide."""
_LARGE = 700_000
"""Bytes from which on a picture is sent as JPEG."""


def pack(image: Image.Image) -> tuple[str, str]:
    """Return media type and base64; drawings stay sharp as PNG, photographs become JPEG."""
    out = io.BytesIO()
    image.convert("RGB").save(out, "PNG")
    if len(out.getvalue()) <= _LARGE:
        return "image/png", base64.b64encode(out.getvalue()).decode("ascii")
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=80)
    return "image/jpeg", base64.b64encode(out.getvalue()).decode("ascii")


def scale(width: float, height: float, wide: int) -> float:
    """Return pixels per unit, so that a page of any shape stays ``wide`` by twice that."""
    return min(wide / width, wide * TALLEST / height)
