"""Pictures of pages with the seals marked on them, as the verify page shows them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from certificates.previews import Pages, Picture
from signing.model import Evidence, StampEvidence

Box = tuple[float, float, float, float]


def wanted(evidence: Evidence) -> list[str]:
    """Return the pages that bear seals, in order of the seals."""
    pages = [stamp.page for item in evidence.signatures for stamp in item.stamps if stamp.page]
    return list(dict.fromkeys(pages))


def shown(pages: Pages, evidence: Evidence, states: Sequence[str]) -> list[dict[str, Any]]:
    """Return each picture with its marks; ``states`` says how each signature fared."""
    marks = list(_marks(evidence))
    return [
        {
            "picture": picture,
            "source": f"data:{picture.media};base64,{picture.data}",
            "marks": [
                {"number": number, "state": states[number - 1], "box": turned(box, picture)}
                for number, page, box in marks
                if page == picture.page
            ],
        }
        for picture in pages.pictures
    ]


def _marks(evidence: Evidence) -> Iterator[tuple[int, str, Box]]:
    for number, signature in enumerate(evidence.signatures, 1):
        for stamp in signature.stamps:
            box = _box(stamp)
            if box is not None:
                yield number, stamp.page, box


def _box(stamp: StampEvidence) -> Box | None:
    """Return where a stamp is seen; its strip alone where it is one of several."""
    found = _numbers((stamp.x_mm, stamp.y_mm, stamp.width_mm, stamp.height_mm))
    clip = _numbers(stamp.clip.split())
    if found is None or clip is None:
        return found
    return found[0] + clip[0], found[1] + clip[1], clip[2], clip[3]


def _numbers(texts: Sequence[str]) -> Box | None:
    try:
        x, y, width, height = (float(text) for text in texts)
    except ValueError:
        return None
    return (x, y, width, height) if all(map(math.isfinite, (x, y, width, height))) else None


def turned(box: Box, picture: Picture) -> Box:
    """Return a box of the page as it lies on the picture, which may be cut and turned."""
    x, y, width, height = box[0] - picture.left, box[1] - picture.top, box[2], box[3]
    if picture.turn == 90:
        return picture.width - y - height, x, height, width
    if picture.turn == 180:
        return picture.width - x - width, picture.height - y - height, width, height
    if picture.turn == 270:
        return y, picture.height - x - width, height, width
    return x, y, width, height
