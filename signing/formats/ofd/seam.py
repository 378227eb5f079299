"""Seam seals (骑缝章): one seal in strips along the right edges of the pages of a document.

Pages fanned out show the whole seal; a page that was exchanged, added or taken out breaks it. Each
page's stamp lies at the seal's full size over the page's edge and is clipped to its strip.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from kernel.errors import TongbanError
from signing.model import Placement, SealMaterial

FEWEST_PAGES = 2
MOST_PAGES = 20
"""Pages under one impression: strips of a 40 mm seal are then 2 mm, which an eye still matches."""


def strips(
    material: SealMaterial, page_widths_mm: Sequence[float], y_mm: float, *, first: int = 0
) -> tuple[Placement, ...]:
    """Return one stamp per page, from page ``first`` on; long documents get several impressions.

    ``page_widths_mm`` has the width of every page, ``y_mm`` is the seal's upper edge. Raises
    TongbanError ``seal-not-possible`` for fewer than two pages or a page narrower than its strip.
    """
    count = len(page_widths_mm)
    if count < FEWEST_PAGES:
        raise TongbanError("seal-not-possible", reason="a seam seal needs two pages")
    found: list[Placement] = []
    for size in _groups(count):
        strip = material.width_mm / size
        for at in range(size):
            page = len(found)
            # The left edge of strip ``at`` lies one strip inside the page's right edge.
            x = page_widths_mm[page] - strip * (at + 1)
            if page_widths_mm[page] < strip:
                raise TongbanError("seal-not-possible", reason=f"page {page} is too narrow")
            clip = (strip * at, 0.0, strip, material.height_mm)
            box = (x, y_mm, material.width_mm, material.height_mm)
            found.append(Placement(first + page, *box, clip=clip))
    return tuple(found)


def _groups(pages: int) -> tuple[int, ...]:
    """Share pages out to as few impressions as possible, as evenly as possible."""
    groups = math.ceil(pages / MOST_PAGES)
    small, rest = divmod(pages, groups)
    return tuple(small + (at < rest) for at in range(groups))
