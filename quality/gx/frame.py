"""The pandas frame that expectations look at: standard columns and one column per cross rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from quality.gx.oracle import ORACLES, Facts
from quality.model import Rule, RuleKind, Suite
from quality.service import Standards

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped] # ships no types

KEPT, BROKEN = "kept", "broken"
Cells = Mapping[str, list[str | None]]


@dataclass(frozen=True, slots=True)
class Sampler:
    """Rows for the contract of one suite."""

    suite: Suite
    standards: Standards
    facts: Facts

    def pandas(self, standard: pl.DataFrame) -> pd.DataFrame:
        """Return rows in standard form with the columns that cross rules need.

        A cross rule's column is named by its key and holds ``kept``, ``broken`` or nothing where
        the rule does not speak: where a value it compares is missing or itself wrong.
        """
        import pandas as pd

        cells: dict[str, list[Any]] = {name: standard[name].to_list() for name in self.suite.names}
        sound = {name: self._sound(name, values) for name, values in cells.items()}
        for rule in self.suite.rules:
            decide = _DECIDE.get(rule.kind)
            if decide is not None:
                names = sorted({rule.column, rule.other or rule.column})
                rows = zip(_rows(sound, names), _rows(cells, names), strict=True)
                cells[rule.key] = [decide(rule, row, raw) for row, raw in rows]
        return pd.DataFrame(cells, dtype=object)

    def _sound(self, name: str, values: list[str | None]) -> list[str | None]:
        column = self.suite.column(name)
        judge = ORACLES.get(column.element)
        if judge is not None:
            facts = self.facts
            return [
                value if value is not None and not judge(value, facts) else None for value in values
            ]
        verdicts = self._verdicts(column.element, name, values)
        return [None if verdict else value for value, verdict in zip(values, verdicts, strict=True)]

    def _verdicts(self, element: str, name: str, values: list[str | None]) -> list[int]:
        reader = self.standards.reader(element)
        context = self.standards.context(self.facts.today).of(
            self.suite.column(name), reader.element
        )
        judged: list[int] = reader.judge(pl.Series(name, values, dtype=pl.String), context).tolist()
        return judged


def _rows(cells: Cells, names: list[str]) -> Iterator[dict[str, Any]]:
    columns = [cells[name] for name in names]
    return (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))


def _read(derive: str, value: str) -> str:
    """Read sex or day out of a citizen id or a moment, once more and in plain Python."""
    if derive == "date_time.date":
        return value[:10]
    if derive == "citizen_id.sex":
        return "1" if value[16] in "13579" else "2"
    return f"{value[6:10]}-{value[10:12]}-{value[12:14]}"


def _say(broken: bool) -> str:  # noqa: FBT001 a verdict is the one thing to say
    return BROKEN if broken else KEPT


Row = Mapping[str, Any]


def _matches(rule: Rule, row: Row, raw: Row) -> str | None:
    del raw
    value, other = row[rule.column], row[rule.other]
    return None if value is None or other is None else _say(value != _read(rule.derive, other))


def _derived_is(rule: Rule, row: Row, raw: Row) -> str | None:
    del raw
    value = row[rule.column]
    return None if value is None else _say(_read(rule.derive, value) != rule.value)


def _different(rule: Rule, row: Row, raw: Row) -> str | None:
    del raw
    value, other = row[rule.column], row[rule.other]
    return None if value is None or other is None else _say(value == other)


def _not_before(rule: Rule, row: Row, raw: Row) -> str | None:
    del raw
    value, other = row[rule.column], row[rule.other]
    if value is None or other is None:
        return None
    return _say(value < (_read(rule.derive, other) if rule.derive else other))


def _present_when(rule: Rule, row: Row, raw: Row) -> str | None:
    asked = row[rule.other] in rule.values  # noqa: PD011 a rule's own field
    return _say(raw[rule.column] is None) if asked else None


def _aged(rule: Rule, row: Row, raw: Row) -> str | None:
    del raw
    value, other = row[rule.column], row[rule.other]
    if value is None or other is None:
        return None
    born, at = date.fromisoformat(_read(rule.derive, value)), date.fromisoformat(other)
    years = at.year - born.year - ((at.month, at.day) < (born.month, born.day))
    return _say(years < int(rule.value))


_DECIDE: Mapping[RuleKind, Callable[[Rule, Row, Row], str | None]] = {
    RuleKind.MATCHES: _matches,
    RuleKind.DERIVED_IS: _derived_is,
    RuleKind.DIFFERENT: _different,
    RuleKind.NOT_BEFORE: _not_before,
    RuleKind.PRESENT_WHEN: _present_when,
    RuleKind.AGED: _aged,
}
