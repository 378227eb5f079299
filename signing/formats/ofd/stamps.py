"""Do a seal's stamps lie where somebody can see them, and do the strips of a seam make a seal."""

from __future__ import annotations

from collections.abc import Mapping

from signing.formats.ofd.links import Box
from signing.formats.pool import Notes
from signing.model import SignatureEvidence

_TOLERANCE = 0.02
"""Share of a seal by which rounded strips may miss it."""
_LARGEST = 1e6
"""Millimetres; nothing on a page is a kilometre away."""


def check(evidence: SignatureEvidence, pages: Mapping[str, Box | None], notes: Notes) -> None:
    """Note E_STAMP_PLACEMENT for stamps without size, off their page, or in strips that gape."""
    shares = 0.0
    for stamp in evidence.stamps:
        box = _box(stamp.x_mm, stamp.y_mm, stamp.width_mm, stamp.height_mm)
        clip = _box(*stamp.clip.split())
        if box is None or (stamp.clip and clip is None):
            notes.add("E_STAMP_PLACEMENT", evidence.path, "boundary is no four numbers")
            continue
        if clip is not None and box[2] * box[3] > 0:
            shares += clip[2] * clip[3] / (box[2] * box[3])
        problem = _problem(stamp.page, box, clip, pages)
        if problem:
            notes.add("E_STAMP_PLACEMENT", evidence.path, problem)
    if shares and (shares < 1 - _TOLERANCE or abs(shares - round(shares)) > _TOLERANCE):
        notes.add("E_STAMP_PLACEMENT", evidence.path, "strips do not make up whole seals")


def _box(*texts: str) -> Box | None:
    try:
        x, y, width, height = (float(item) for item in texts)
    except ValueError:
        return None
    usual = all(abs(item) < _LARGEST for item in (x, y, width, height))  # false for NaN too
    return (x, y, width, height) if usual else None


def _problem(page: str, box: Box, clip: Box | None, pages: Mapping[str, Box | None]) -> str:
    if page not in pages:
        return f"page {page[:20]} does not exist"
    if not (box[2] > 0 and box[3] > 0):
        return "seal without size"
    seen = box
    if clip is not None:
        if not (clip[2] > 0 and clip[3] > 0 and _overlaps(clip, (0.0, 0.0, box[2], box[3]))):
            return "strip without size"
        seen = (box[0] + clip[0], box[1] + clip[1], clip[2], clip[3])
    area = pages[page]
    return "seal lies off the page" if area and not _overlaps(seen, area) else ""


def _overlaps(one: Box, two: Box) -> bool:
    return all(
        one[axis] < two[axis] + two[axis + 2] and two[axis] < one[axis] + one[axis + 2]
        for axis in (0, 1)
    )
