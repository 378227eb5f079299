"""What a preview consists of: pictures of pages, and what they leave out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """One page as a picture. Millimetres; ``page`` is named as stamps in the evidence name it.

    ``left`` and ``top`` say where the picture's corner lies on the page that stamps are measured
    on; ``turn`` is the clockwise turn of the picture against that page: 0, 90, 180 or 270 degrees.
    """

    page: str
    number: int
    """From 1."""
    width: float
    height: float
    media: str
    data: str
    """The picture in base64."""
    left: float = 0.0
    top: float = 0.0
    turn: int = 0
    whole: bool = True
    """False where something on the page was left out or set in another font."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Some pages of a file; ``count`` is how many it has, ``failed`` why there is no picture."""

    pictures: tuple[Picture, ...] = ()
    count: int = 0
    failed: str = ""
    """Empty, ``limit`` (time or memory ran out), or ``unreadable``."""
