"""Quality score of a version, from the counters of its rules (dimensions of GB/T 36344-2018)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from quality.model import Dimension, RuleCount


@dataclass(frozen=True, slots=True)
class Scores:
    """Whole points from 0 to 100, rounded down: 100 means that not one row had a finding."""

    completeness: int
    validity: int
    uniqueness: int
    consistency: int
    timeliness: int

    @property
    def total(self) -> int:
        """Return the mean of the five, rounded down."""
        parts = (
            self.completeness,
            self.validity,
            self.uniqueness,
            self.consistency,
            self.timeliness,
        )
        return sum(parts) // len(parts)


def score(
    counts: Iterable[RuleCount],
    *,
    rows: int,
    unreadable: int = 0,
    age_days: int = 0,
    fresh_days: int = 0,
) -> Scores:
    """Score a delivery of ``rows`` records, ``unreadable`` of which never became columns.

    A dimension is the share of rows without a finding in it; a row with two findings counts twice,
    so the score is never too kind. Timeliness is full up to ``fresh_days`` of age and falls to
    nothing at twice that; without a rhythm (0) it is full.
    """
    bad = dict.fromkeys(Dimension, 0)
    for count in counts:
        bad[count.dimension] += count.bad
    bad[Dimension.VALIDITY] += unreadable
    return Scores(
        completeness=_points(bad[Dimension.COMPLETENESS], rows),
        validity=_points(bad[Dimension.VALIDITY], rows),
        uniqueness=_points(bad[Dimension.UNIQUENESS], rows),
        consistency=_points(bad[Dimension.CONSISTENCY], rows),
        timeliness=_points(max(0, age_days - fresh_days), fresh_days) if fresh_days else 100,
    )


def _points(bad: int, rows: int) -> int:
    return max(0, 100 * (rows - bad) // rows) if rows else 0
