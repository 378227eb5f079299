"""The custom expectation: a column keeps one rule of its data element.

Defining the class registers it with Great Expectations, which must happen before a suite that uses
it is built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics import ColumnMapMetricProvider
from great_expectations.expectations.metrics.map_metric_provider import column_condition_partial

Judge = Callable[[str], str]


JUDGES: ContextVar[Mapping[str, Judge]] = ContextVar("judges")
"""Judges of the job under way by element; expectations are plain settings and carry names only."""


class ElementRule(ColumnMapMetricProvider):  # type: ignore[misc] # the library has no usable types
    """Which values keep a rule of their element."""

    condition_metric_name = "column_values.element_rule"
    condition_value_keys = ("element", "rule")

    @column_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator] # as above
    def _pandas(cls, column: Any, element: str, rule: str, **_: Any) -> Any:  # noqa: N805 the decorator makes it a class method
        judge = JUDGES.get()[element]
        return column.map(lambda value: judge(value) != rule)


class ExpectColumnValuesToKeepElementRule(ColumnMapExpectation):  # type: ignore[misc] # as above
    """Expect that filled values of a column break not this rule first, such as a check digit."""

    element: str
    rule: str

    map_metric = "column_values.element_rule"
    success_keys = ("element", "rule", "mostly")
    args_keys = ("column", "element", "rule")
