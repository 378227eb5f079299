"""Rules between columns. A rule speaks only where the values it compares are themselves in order,
so that one mistake in a row has one finding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import polars as pl

from kernel.errors import TongbanError
from quality.engine.shape import Flags, flags_of
from quality.errors import Code
from quality.model import Rule, RuleKind

if TYPE_CHECKING:
    from quality.engine.block import Judged

Columns = Mapping[str, "Judged"]


def broken(rule: Rule, columns: Columns) -> Flags:
    """Return which rows break the rule."""
    return _COMPILERS[rule.kind](rule, columns)


def derived(rule: Rule, item: Judged) -> pl.Series:
    """Return what ``rule.derive`` reads out of a column, null where that is not in order.

    Raises TongbanError ``suite-invalid`` when the element offers no such reading.
    """
    element, _, name = rule.derive.partition(".")
    if item.reader.element.code != element or name not in item.reader.derived:
        raise TongbanError(Code.SUITE_INVALID, suite=rule.id, reason=f"derive {rule.derive}")
    fine = pl.Series(item.fine)
    return item.reader.derived[name](item.values.set(~fine, None))


def _fine(item: Judged) -> pl.Series:
    return item.values.set(~pl.Series(item.fine), None)


def _matches(rule: Rule, columns: Columns) -> Flags:
    return flags_of(_fine(columns[rule.column]) != derived(rule, columns[rule.other]))


def _derived_is(rule: Rule, columns: Columns) -> Flags:
    return flags_of(derived(rule, columns[rule.column]) != rule.value)


def _different(rule: Rule, columns: Columns) -> Flags:
    return flags_of(_fine(columns[rule.column]) == _fine(columns[rule.other]))


def _not_before(rule: Rule, columns: Columns) -> Flags:
    other = columns[rule.other]
    limit = derived(rule, other) if rule.derive else _fine(other)
    return flags_of(_fine(columns[rule.column]) < limit)


def _present_when(rule: Rule, columns: Columns) -> Flags:
    asked = flags_of(_fine(columns[rule.other]).is_in(list(rule.values)))
    return asked & ~columns[rule.column].present


def _aged(rule: Rule, columns: Columns) -> Flags:
    born = derived(rule, columns[rule.column]).str.to_date("%Y-%m-%d", strict=False)
    at = _fine(columns[rule.other]).str.to_date("%Y-%m-%d", strict=False)
    years = at.dt.year() - born.dt.year()
    before = _day_of_year(at) < _day_of_year(born)
    return flags_of((years - before.cast(pl.Int32)) < int(rule.value))


def _day_of_year(days: pl.Series) -> pl.Series:
    """Return month and day as one number; months are 8-bit numbers and must be widened first."""
    return days.dt.month().cast(pl.Int32) * 100 + days.dt.day()


_COMPILERS: Mapping[RuleKind, Callable[[Rule, Columns], Flags]] = {
    RuleKind.MATCHES: _matches,
    RuleKind.DERIVED_IS: _derived_is,
    RuleKind.DIFFERENT: _different,
    RuleKind.NOT_BEFORE: _not_before,
    RuleKind.PRESENT_WHEN: _present_when,
    RuleKind.AGED: _aged,
}
