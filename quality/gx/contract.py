"""Compiles a suite to expectations: the second engine beside Polars, from the same rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import great_expectations.expectations as gxe
import polars as pl

from quality.errors import Code
from quality.gx.expectations import ExpectColumnValuesToKeepElementRule, Judge
from quality.gx.frame import KEPT
from quality.gx.oracle import ORACLES, Facts
from quality.model import CodeTable, Column, Rule, RuleKind, Suite
from quality.service import Standards

OUTSIDE = (RuleKind.REFERENCE,)
"""Kinds that need other resources and have no place in a contract about one frame."""


def compile_suite(suite: Suite, standards: Standards, facts: Facts) -> Iterator[tuple[Rule, Any]]:
    """Yield each rule with its expectation."""
    for rule in suite.rules:
        if rule.kind not in OUTSIDE:
            yield rule, _expectation(rule, suite, standards, facts)


def judges(
    suite: Suite, standards: Standards, facts: Facts, rows: pl.DataFrame
) -> dict[str, Judge]:
    """Return a judge per element for the values in ``rows``.

    Elements with an oracle are judged by it, the others by their own element, all values at once.
    """
    found: dict[str, Judge] = {}
    for column in suite.columns:
        if column.element not in found:
            named = [other.name for other in suite.columns if other.element == column.element]
            found[column.element] = _judge(column, standards, facts, [rows[name] for name in named])
    return found


def summary() -> Iterator[Any]:
    """Yield the expectations about the counters of a delivery."""
    yield gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A="threshold",
        column_B="rate",
        or_equal=True,
        description="每条规则的不合格率不超过阈值 · no rule is broken more often than allowed",
    )
    yield gxe.ExpectColumnValuesToBeBetween(
        column="bad", min_value=0, description="计数不为负 · counts are not negative"
    )


def _judge(column: Column, standards: Standards, facts: Facts, values: list[pl.Series]) -> Judge:
    oracle = ORACLES.get(column.element)
    if oracle is not None:
        return lambda value: oracle(value, facts)
    reader = standards.reader(column.element)
    distinct = pl.concat([series.rename("value") for series in values]).drop_nulls().unique()
    context = standards.context(facts.today).of(column, reader.element)
    names = ("", *map(str, reader.rules))
    rules = [names[verdict] for verdict in reader.judge(distinct, context)]
    answers = dict(zip(distinct.to_list(), rules, strict=True))
    return lambda value: answers[value]


def _expectation(rule: Rule, suite: Suite, standards: Standards, facts: Facts) -> Any:
    text = {"description": f"{rule.title} · {rule.id}"}
    if rule.kind is RuleKind.REQUIRED:
        return gxe.ExpectColumnValuesToNotBeNull(column=rule.column, **text)
    if rule.kind is RuleKind.UNIQUE and len(rule.columns) == 1:
        return gxe.ExpectColumnValuesToBeUnique(column=rule.columns[0], **text)
    if rule.kind is RuleKind.UNIQUE:
        return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(rule.columns), **text)
    if rule.kind is not RuleKind.ELEMENT:
        return gxe.ExpectColumnValuesToBeInSet(column=rule.key, value_set=[KEPT], **text)
    column = suite.column(rule.column)
    table = column.table or standards.element(column.element).table
    compiler = _CODES.get(rule.id)
    if compiler is not None and table:
        return compiler(rule, standards.code_table(table), facts, text)
    return ExpectColumnValuesToKeepElementRule(
        column=rule.column, element=column.element, rule=rule.id, **text
    )


def _known(rule: Rule, table: CodeTable, facts: Facts, text: Mapping[str, str]) -> Any:
    del facts
    codes = sorted(table.rows)
    return gxe.ExpectColumnValuesToBeInSet(column=rule.column, value_set=codes, **text)


def _current(rule: Rule, table: CodeTable, facts: Facts, text: Mapping[str, str]) -> Any:
    old = sorted(code for code, row in table.rows.items() if not row.valid_on(facts.today))
    return gxe.ExpectColumnValuesToNotBeInSet(column=rule.column, value_set=old, **text)


_CODES: Mapping[str, Callable[[Rule, CodeTable, Facts, Mapping[str, str]], Any]] = {
    str(Code.CODE_UNKNOWN): _known,
    str(Code.CODE_ABOLISHED): _current,
}
