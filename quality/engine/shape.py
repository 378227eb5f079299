"""What an element module offers to the engine, and what the engine offers to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import ModuleType

import numpy as np
import numpy.typing as npt
import polars as pl

from kernel.errors import TongbanError
from quality.errors import Code
from quality.model import CodeTable, Column, Element

Verdicts = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Context:
    """What a value is judged by besides itself."""

    today: date
    tables: Mapping[str, CodeTable]
    table: str = ""
    successor: bool = False

    def of(self, column: Column, element: Element) -> Context:
        """Return the context of one column."""
        return replace(self, table=column.table or element.table, successor=column.successor)

    def code_table(self) -> CodeTable:
        """Return the column's table; raises TongbanError ``code-table-unknown``."""
        if self.table not in self.tables:
            raise TongbanError(Code.TABLE_UNKNOWN, table=self.table)
        return self.tables[self.table]


Normalise = Callable[[pl.Series, Context], pl.Series]
Judge = Callable[[pl.Series, Context], Verdicts]
Derive = Callable[[pl.Series], pl.Series]


@dataclass(frozen=True, slots=True)
class Reader:
    """A data element with its functions."""

    element: Element
    rules: tuple[Code, ...]
    normalise: Normalise
    judge: Judge
    derived: Mapping[str, Derive]

    @classmethod
    def of(cls, module: ModuleType) -> Reader:
        """Read an element module."""
        derived = getattr(module, "DERIVED", {})
        return cls(module.ELEMENT, module.RULES, module.normalise, module.judge, derived)


def no_verdicts(count: int) -> Verdicts:
    """Return ``count`` verdicts that find nothing."""
    return np.zeros(count, dtype=np.uint8)


def first_of(*flags: Flags) -> Verdicts:
    """Return for each value 1 + the place of the first flag that is set, or 0."""
    verdicts = no_verdicts(len(flags[0]))
    for place in range(len(flags), 0, -1):
        verdicts[flags[place - 1]] = place
    return verdicts


def flags_of(series: pl.Series) -> Flags:
    """Return a Boolean series as an array; null counts as not set."""
    return series.fill_null(value=False).to_numpy()
