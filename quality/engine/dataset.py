"""Rules over a whole dataset: uniqueness across blocks, references to other resources.

Parts are scanned, never collected: what stays in memory is one hash per row and the doubles.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from quality.engine.block import empty_findings
from quality.model import Rule, RuleCount, RuleKind, Severity, Suite
from quality.ports import References

_BATCH = 200_000


def check(parts: pl.LazyFrame, suite: Suite, references: References | None) -> pl.DataFrame:
    """Return the findings of severity ``error``; see ``Standards.check_dataset``."""
    found = [
        _findings(parts, rule, references)
        for rule in _rules(suite)
        if rule.severity is Severity.ERROR
    ]
    return pl.concat([empty_findings(), *found])


def counts(
    parts: pl.LazyFrame, suite: Suite, references: References | None
) -> tuple[RuleCount, ...]:
    """Return one count per whole-dataset rule that could be decided."""
    rows = parts.select(pl.len()).collect().item()
    return tuple(
        RuleCount(
            rule.id,
            rule.column,
            rule.title,
            rows,
            _findings(parts, rule, references).height,
            rule.threshold,
            rule.severity,
            rule.dimension,
        )
        for rule in _rules(suite)
        if rule.kind is RuleKind.UNIQUE or _decidable(rule, references)
    )


def _rules(suite: Suite) -> Iterator[Rule]:
    kinds = (RuleKind.UNIQUE, RuleKind.REFERENCE)
    return (rule for rule in suite.rules if rule.kind in kinds)


def _decidable(rule: Rule, references: References | None) -> bool:
    return references is not None and references.has(rule.resource, rule.other, ()) is not None


def _findings(parts: pl.LazyFrame, rule: Rule, references: References | None) -> pl.DataFrame:
    if rule.kind is RuleKind.UNIQUE:
        return _doubles(parts, rule)
    if references is None:
        return empty_findings()
    return _strangers(parts, rule, references)


def _doubles(parts: pl.LazyFrame, rule: Rule) -> pl.DataFrame:
    key = pl.struct(rule.columns)
    hashes = parts.select(key.hash().alias("hash")).collect()["hash"]
    repeated = hashes.filter(hashes.is_duplicated()).unique()
    if repeated.is_empty():
        return empty_findings()
    # a hash can collide, so the few candidates are compared by value
    candidates = (
        parts.select(*rule.columns, "_file", "_row")
        .filter(key.hash().is_in(repeated.implode()))
        .collect()
        .sort("_file", "_row")
    )
    first = candidates.select(key.is_first_distinct()).to_series()
    filled = candidates.select(pl.all_horizontal(pl.col(rule.columns).is_not_null())).to_series()
    return _listed(candidates.filter(~first & filled), rule)


def _strangers(parts: pl.LazyFrame, rule: Rule, references: References) -> pl.DataFrame:
    found: list[pl.DataFrame] = [empty_findings()]
    asked = pl.col(rule.column).is_not_null()
    if rule.when:
        asked &= pl.col(rule.when).is_in(rule.values)
    values = parts.filter(asked).select(rule.column, "_file", "_row")
    for batch in values.collect_batches(chunk_size=_BATCH):
        cells = _cells(batch[rule.column], rule)
        known = references.has(rule.resource, rule.other, cells.explode().unique().to_list())
        if known is None:
            return empty_findings()
        strange = cells.list.eval(~pl.element().is_in(list(known))).list.any()
        found.append(_listed(batch.filter(strange), rule))
    return pl.concat(found)


def _cells(column: pl.Series, rule: Rule) -> pl.Series:
    """Return the values of each cell as a list: one, or those between the rule's separators."""
    if rule.separator:
        return column.str.split(rule.separator)
    return column.reshape((-1, 1)).arr.to_list()


def _listed(rows: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    return rows.select(
        pl.col("_file").alias("file"),
        pl.col("_row").cast(pl.Int64).alias("row"),
        pl.lit(rule.id).alias("rule"),
        pl.lit(rule.column).alias("column"),
        pl.col(rule.column).alias("value"),
    )
