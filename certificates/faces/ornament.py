"""底纹, 团花 and borders: pale curves that a copier blurs, drawn as a few Bézier paths."""

from __future__ import annotations

import itertools
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
    """Return two families of waves that lean against each other and weave a net over an area.

    ``bands`` lines per family, ``waves`` periods across the width; ``lean`` shifts each line
    against the one above it.
    """
    segments: list[Segment] = []
    pitch = item.height / item.bands
    for lean in (item.lean, -item.lean):
        for band in range(item.bands):
            segments += _wave(item, item.y + pitch * (band + 0.5), pitch, lean * band)
    return Path(tuple(segments), stroke=item.colour, width=item.stroke)


def _wave(item: Guilloche, middle: float, pitch: float, phase: float) -> list[Segment]:
    rate = math.tau * item.waves
    height = min(pitch * item.swing, middle - item.y, item.y + item.height - middle)

    def at(t: float) -> Point:
        return item.x + item.width * t, middle + height * math.sin(rate * t + phase)

    first = math.ceil((phase - math.pi / 2) / math.pi)
    extremes = ((first + no + 0.5) * math.pi - phase for no in range(int(item.waves * 2) + 2))
    inner = (extreme / rate for extreme in extremes)
    return smooth(at, [0.0, *(t for t in inner if 0.01 < t < 0.99), 1.0])


def rosette(item: Rosette) -> Path:
    """Return rings of closed curves with ``petals`` lobes, each ring's curves set between."""
    segments: list[Segment] = []
    times = [no / item.petals / 2 for no in range(item.petals * 2 + 1)]
    for strand in range(item.strands):
        share = 1 - 0.72 * (strand // 2) / max(item.strands // 2, 1)
        side = 1 if strand % 2 else -1

        def at(t: float, *, share: float = share, side: int = side) -> Point:
            angle = math.tau * t
            radius = item.radius * share * (1 + 0.13 * (side * math.cos(item.petals * angle) - 1))
            return item.x + radius * math.sin(angle), item.y - radius * math.cos(angle)

        segments += [*smooth(at, times), ("C", ())]
    return Path(tuple(segments), stroke=item.colour, width=item.stroke)


def smooth(at: Callable[[float], Point], times: list[float]) -> list[Segment]:
    """Return a curve through ``at(t)`` for ``times`` as cubic pieces with matching tangents."""
    tiny = 1e-4
    here = at(times[0])
    out: list[Segment] = [("M", _round(here))]
    for t, u in itertools.pairwise(times):
        there = at(u)
        leave, arrive = _slope(at, t, tiny), _slope(at, u, tiny)
        third = (u - t) / 3
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
