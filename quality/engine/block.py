"""One block of rows: standard form for the good, the raw row and its findings for the bad."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from kernel.errors import TongbanError
from quality.engine import between
from quality.engine.shape import Context, Flags, Reader, Verdicts
from quality.errors import Code
from quality.model import Column, Rule, RuleCount, RuleKind, Severity, Suite

if TYPE_CHECKING:
    from quality.service import Standards

FINDINGS = {
    "file": pl.String,
    "row": pl.Int64,
    "rule": pl.String,
    "column": pl.String,
    "value": pl.String,
}
"""Columns of a findings frame; ``value`` is the raw text."""
WHOLE_DATASET = (RuleKind.UNIQUE, RuleKind.REFERENCE)


@dataclass(frozen=True, slots=True)
class Block:
    """What became of a block: ``good.height + bad.height`` equals the rows that came in.

    ``good`` has the suite's columns in standard form with ``_row`` and ``_file``; ``bad`` has
    ``file, row, raw`` (JSON of the raw row), one line per row; ``findings`` has one line per broken
    rule of severity ``error``. ``counts`` speaks of all rules but those of the whole dataset.
    """

    good: pl.DataFrame
    bad: pl.DataFrame
    findings: pl.DataFrame
    counts: tuple[RuleCount, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A column in standard form: ``fine`` marks filled values that break no rule of their own."""

    reader: Reader
    values: pl.Series
    verdicts: Verdicts
    present: Flags

    @property
    def fine(self) -> Flags:
        """Return which values are filled and keep every rule of their element."""
        found: Flags = self.present & (self.verdicts == 0)
        return found


def check(frame: pl.DataFrame, suite: Suite, standards: Standards, on: date | None) -> Block:
    """Standardise and check one block; see ``Standards.check_block``."""
    raw = _complete(frame, suite)
    judged = standardise(raw, suite, standards, standards.context(on))
    broken = {rule.key: flags for rule, flags in _flags(suite, judged)}
    counts = tuple(
        _count(rule, raw.height, int(broken[rule.key].sum()))
        for rule in suite.rules
        if rule.key in broken
    )
    bad = np.zeros(raw.height, dtype=np.bool_)
    findings: list[pl.DataFrame] = []
    for rule in suite.rules:
        flags = broken.get(rule.key)
        if flags is None or rule.severity is not Severity.ERROR or not flags.any():
            continue
        bad |= flags
        findings.append(_findings(raw, rule, flags))
    chosen = pl.Series("bad", bad)
    standard = pl.DataFrame([item.values.alias(name) for name, item in judged.items()])
    good = standard.with_columns(raw["_row"], raw["_file"]).filter(~chosen)
    return Block(
        good, _bad(raw.filter(chosen), suite), pl.concat([empty_findings(), *findings]), counts
    )


def empty_findings() -> pl.DataFrame:
    """Return a findings frame without rows."""
    return pl.DataFrame(schema=FINDINGS)


def standardise(
    raw: pl.DataFrame, suite: Suite, standards: Standards, context: Context
) -> Mapping[str, Judged]:
    """Return every column in standard form with the verdicts of its element."""
    readers = {column.name: standards.reader(column.element) for column in suite.columns}

    def judge(column: Column) -> Judged:
        return _judge(raw[column.name], column, readers[column.name], context)

    # Polars lets go of the interpreter, so columns share the processors
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        return dict(zip(suite.names, pool.map(judge, suite.columns), strict=True))


def standard_frame(
    frame: pl.DataFrame, suite: Suite, standards: Standards, on: date | None = None
) -> pl.DataFrame:
    """Return all rows in standard form, the bad ones included: for profiles and cross-tests."""
    raw = _complete(frame, suite)
    judged = standardise(raw, suite, standards, standards.context(on))
    standard = pl.DataFrame([item.values.alias(name) for name, item in judged.items()])
    return standard.with_columns(raw["_row"], raw["_file"])


def _judge(raw: pl.Series, column: Column, reader: Reader, context: Context) -> Judged:
    own = context.of(column, reader.element)
    values = reader.normalise(raw, own)
    present = values.is_not_null().to_numpy()
    return Judged(reader, values, reader.judge(values, own), present)


def _flags(suite: Suite, judged: Mapping[str, Judged]) -> list[tuple[Rule, Flags]]:
    found: list[tuple[Rule, Flags]] = []
    for rule in suite.rules:
        item = judged[rule.column]
        if rule.kind is RuleKind.REQUIRED:
            found.append((rule, ~item.present))
        elif rule.kind is RuleKind.ELEMENT:
            place = item.reader.rules.index(Code(rule.id)) + 1
            found.append((rule, item.verdicts == place))
        elif rule.kind not in WHOLE_DATASET:
            found.append((rule, between.broken(rule, judged)))
    return found


def _count(rule: Rule, rows: int, bad: int) -> RuleCount:
    return RuleCount(
        rule.id, rule.column, rule.title, rows, bad, rule.threshold, rule.severity, rule.dimension
    )


def _findings(raw: pl.DataFrame, rule: Rule, flags: Flags) -> pl.DataFrame:
    rows = raw.filter(pl.Series(flags))
    return rows.select(
        pl.col("_file").alias("file"),
        pl.col("_row").alias("row"),
        pl.lit(rule.id).alias("rule"),
        pl.lit(rule.column).alias("column"),
        pl.col(rule.column).fill_null("").alias("value"),
    )


def _bad(rows: pl.DataFrame, suite: Suite) -> pl.DataFrame:
    return rows.select(
        pl.col("_file").alias("file"),
        pl.col("_row").alias("row"),
        pl.struct(suite.names).struct.json_encode().alias("raw"),
    )


def _complete(frame: pl.DataFrame, suite: Suite) -> pl.DataFrame:
    """Return the suite's columns as text; columns that may be empty may be missing."""
    missing = [
        name
        for name in (*(c.name for c in suite.columns if c.required), "_row", "_file")
        if name not in frame.columns
    ]
    if missing:
        raise TongbanError(Code.COLUMN_MISSING, suite=suite.name, columns="、".join(missing))
    columns = [
        _text(frame[name]) if name in frame.columns else pl.lit(None, pl.String).alias(name)
        for name in suite.names
    ]
    return frame.select(*columns, pl.col("_row").cast(pl.Int64), pl.col("_file").cast(pl.String))


def _text(column: pl.Series) -> pl.Series:
    if column.dtype.is_float():
        # repr keeps what a double knows; 1e16 and more shows an exponent, the mark of damage
        return pl.Series(
            column.name,
            [None if value is None else repr(float(value)) for value in column],
            dtype=pl.String,
        )
    return column.cast(pl.String)
