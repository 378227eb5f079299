"""底纹, 团花 and borders: pale curves that a copier blurs, drawn as a few Bézier paths."""

from __future__ import annotations

import math
from collections.abc import Callable

from certificates.face import Box, Guilloche, Line, Rosette
from certificates.faces.marks import Path, Segment

Point = tuple[float, float]


def line(item: Line) -> Path:
    """Return a straight rule."""
    ends: tuple[Segment, ...] = (("M", (item.x1, item.y1)), ("L", (item.x2, item.y2)))
    return Path(ends, stroke=item.colour, width=item.stroke)


def box(item: Box) -> Path:
    """Return a rectangle; with ``notch``, one whose corners step inwards twice."""
    left, top, right, bottom = item.x, item.y, item.x + item.width, item.y + item.height
    n, half = item.notch, item.notch / 2
    if not n:
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    else:
        corners = [
            *((left + n, top), (right - n, top), (right - n, top + half)),
            *((right - half, top + half), (right - half, top + n), (right, top + n)),
            *((right, bottom - n), (right - half, bottom - n), (right - half, bottom - half)),
            *((right - n, bottom - half), (right - n, bottom), (left + n, bottom)),
            *((left + n, bottom - half), (left + half, bottom - half)),
            *((left + half, bottom - n), (left, bottom - n), (left, top + n)),
            *((left + half, top + n), (left + half, top + half), (left + n, top + half)),
        ]
    segments: list[Segment] = [("M", corners[0])]
    segments += [("L", corner) for corner in corners[1:]]
    segments.append(("C", ()))
    return Path(tuple(segments), stroke=item.colour, width=item.stroke, fill=item.fill)


def guilloche(item: Guilloche) -> Path:
    """Return bands of interlaced waves that fill a rectangle."""
    segments: list[Segment] = []
    pitch = item.height / item.bands
    for band in range(item.bands):
        middle = item.y + pitch * (band + 0.5)
        for strand in range(item.strands):
            phase = math.tau * strand / item.strands + band * 0.7
            segments += _wave(item, middle, pitch * 0.78, phase)
    return Path(tuple(segments), stroke=item.colour, width=item.stroke)


def _wave(item: Guilloche, middle: float, height: float, phase: float) -> list[Segment]:
    def at(t: float) -> Point:
        swell = 0.55 + 0.45 * math.sin(math.tau * t * item.waves / 3 + phase / 2)
        y = middle + height / 2 * swell * math.sin(math.tau * item.waves * t + phase)
        return item.x + item.width * t, y

    return smooth(at, max(8, int(item.waves * 4)))


def rosette(item: Rosette) -> Path:
    """Return a ring of closed curves, each a circle whose radius swings, turned step by step."""
    segments: list[Segment] = []
    for strand in range(item.strands):
        turn = math.tau * strand / item.strands / item.petals
        share = 0.58 + 0.42 * (strand % 4) / 3

        def at(t: float, *, turn: float = turn, share: float = share) -> Point:
            angle = math.tau * t
            swing = 1 + 0.16 * math.cos(item.petals * (angle + turn * 2))
            radius = item.radius * share / 1.16 * swing
            return item.x + radius * math.cos(angle), item.y + radius * math.sin(angle)

        segments += smooth(at, item.petals * 4)
        segments.append(("C", ()))
    return Path(tuple(segments), stroke=item.colour, width=item.stroke)


def smooth(at: Callable[[float], Point], pieces: int) -> list[Segment]:
    """Return a curve through ``at(0) … at(1)`` as cubic pieces with matching tangents."""
    step, tiny = 1 / pieces, 1e-4
    here = at(0.0)
    out: list[Segment] = [("M", _round(here))]
    for no in range(pieces):
        t, u = no * step, (no + 1) * step
        there = at(u)
        leave, arrive = _slope(at, t, tiny), _slope(at, u, tiny)
        third = step / 3
        first = (here[0] + leave[0] * third, here[1] + leave[1] * third)
        second = (there[0] - arrive[0] * third, there[1] - arrive[1] * third)
        out.append(("B", (*_round(first), *_round(second), *_round(there))))
        here = there
    return out


def _slope(at: Callable[[float], Point], t: float, tiny: float) -> Point:
    before, after = at(t - tiny), at(t + tiny)
    return (after[0] - before[0]) / (2 * tiny), (after[1] - before[1]) / (2 * tiny)


def _round(point: Point) -> Point:
    return round(point[0], 2), round(point[1], 2)
