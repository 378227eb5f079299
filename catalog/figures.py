"""Figures of a version: score by dimension, column profile, difference by key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from catalog.blocks import FILE, ROW
from catalog.model import CYCLE_DAYS, ColumnProfile, Cycle, Diff, Score
from kernel.clock import from_iso
from quality.model import Dimension, RuleCount

_SHOWN = 12
_FEW = 200
"""Values of a column are listed only when it has no more distinct ones than this."""


def score(totals: Sequence[RuleCount], timeliness: int = 100) -> Score:
    """Score by dimension: share of passed checks in whole points, rounded down.

    Rounded down, so that 100 means that nothing was found. A dimension without rules scores 100.
    """
    points = {dimension: _points(totals, dimension) for dimension in Dimension}
    points[Dimension.TIMELINESS] = timeliness
    return Score(
        completeness=points[Dimension.COMPLETENESS],
        validity=points[Dimension.VALIDITY],
        uniqueness=points[Dimension.UNIQUENESS],
        consistency=points[Dimension.CONSISTENCY],
        timeliness=timeliness,
        total=sum(points.values()) // len(points),
    )


def _points(totals: Sequence[RuleCount], dimension: Dimension) -> int:
    chosen = [total for total in totals if total.dimension is dimension and total.rows]
    checked = sum(total.rows for total in chosen)
    bad = sum(total.bad for total in chosen)
    return 100 * (checked - bad) // checked if checked else 100


def timeliness(cycle: Cycle, published_at: str, now: datetime) -> int:
    """Score freshness: 100 within the promised cycle, falling to 0 at three cycles."""
    age = (now - from_iso(published_at)).days
    promised = CYCLE_DAYS[cycle]
    if age <= promised:
        return 100
    return max(0, 100 - 50 * (age - promised) // promised)


def with_timeliness(held: Score, points: int) -> Score:
    """Return the score with its freshness as of now."""
    rest = (held.completeness, held.validity, held.uniqueness, held.consistency)
    total = (sum(rest) + points) // (len(rest) + 1)
    return Score(*rest, points, total)


def profile(parts: pl.LazyFrame, sensitive: frozenset[str]) -> tuple[ColumnProfile, ...]:
    """Count filled and distinct values and lengths (characters) of each column.

    Most frequent values are listed for columns that are neither sensitive nor of many values.
    """
    names = [name for name in parts.collect_schema().names() if name not in {FILE, ROW}]
    figures = [
        pl.struct(
            pl.col(name).count().alias("filled"),
            pl.col(name).n_unique().alias("distinct"),
            pl.col(name).null_count().alias("empty"),
            pl.col(name).cast(pl.String).str.len_chars().min().fill_null(0).alias("shortest"),
            pl.col(name).cast(pl.String).str.len_chars().max().fill_null(0).alias("longest"),
        ).alias(name)
        for name in names
    ]
    row = parts.select(figures).collect(engine="streaming").to_dicts()[0]
    return tuple(_column(parts, name, row[name], name in sensitive) for name in names)


def _column(
    parts: pl.LazyFrame,
    name: str,
    row: dict[str, int],
    sensitive: bool,  # noqa: FBT001 - private
) -> ColumnProfile:
    distinct = row["distinct"] - (1 if row["empty"] else 0)
    shown: tuple[tuple[str, int], ...] = ()
    if not sensitive and distinct <= _FEW:
        column = pl.col(name).cast(pl.String)
        counted = (
            parts.select(column)
            .drop_nulls()
            .group_by(name)
            .len()
            .sort(["len", name], descending=[True, False])
            .head(_SHOWN)
            .collect(engine="streaming")
        )
        shown = tuple((value, count) for value, count in counted.iter_rows())
    return ColumnProfile(name, row["filled"], distinct, row["shortest"], row["longest"], shown)


def diff(
    before: pl.LazyFrame, after: pl.LazyFrame, key: Sequence[str], names: tuple[str, str]
) -> Diff:
    """Compare two versions by key. Rows are held as two hashes each, not as values."""
    values = [
        name
        for name in after.collect_schema().names()
        if name not in {FILE, ROW, *key} and name in before.collect_schema().names()
    ]
    old, new = _hashed(before, key, values), _hashed(after, key, values)
    both = old.join(new, on="key", how="inner", suffix="_new")
    changed = both.filter(pl.col("row") != pl.col("row_new"))["key"]
    return Diff(
        before=names[0],
        after=names[1],
        added=new.height - both.height,
        removed=old.height - both.height,
        changed=changed.len(),
        unchanged=both.height - changed.len(),
        changed_columns=_columns(before, after, key, values, changed) if changed.len() else {},
    )


def _hashed(parts: pl.LazyFrame, key: Sequence[str], values: Sequence[str]) -> pl.DataFrame:
    row = pl.struct(values).hash() if values else pl.lit(0, pl.UInt64)
    return parts.select(pl.struct(key).hash().alias("key"), row.alias("row")).collect(
        engine="streaming"
    )


def _columns(
    before: pl.LazyFrame,
    after: pl.LazyFrame,
    key: Sequence[str],
    values: Sequence[str],
    changed: pl.Series,
) -> dict[str, int]:
    hit = pl.struct(key).hash().is_in(changed.implode())
    old, new = before.filter(hit).collect(), after.filter(hit).collect()
    both = old.join(new, on=list(key), how="inner", suffix="_new")
    counts = {name: int((both[name].ne_missing(both[f"{name}_new"])).sum()) for name in values}
    return {name: count for name, count in counts.items() if count}
