"""Standards: the data elements, code tables and suites of a hub, and what they make of data.

Loading reads and digests files only; Polars and NumPy come in with the first check.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kernel.clock import BEIJING, Clock, SystemClock
from kernel.errors import TongbanError
from quality import loading
from quality.errors import Code
from quality.model import CodeTable, Element, Reading, RuleCount, Suite
from quality.ports import References

if TYPE_CHECKING:
    import polars as pl

    from quality.engine.block import Block
    from quality.engine.shape import Context, Reader


@dataclass(frozen=True)
class Standards:
    """Everything that says how data ought to be. Immutable once loaded.

    ``digest`` covers elements, code tables and suites: work under way keeps the digest it began
    with, and a change of any rule shows.
    """

    digest: str
    tables: dict[str, CodeTable]
    clock: Clock
    _suites: dict[str, loading.RawSuite]
    _cache: dict[str, Suite] = field(default_factory=dict)

    @classmethod
    def load(
        cls, home: Path | None = None, *, clock: Clock | None = None, synthetic: bool = True
    ) -> Standards:
        """Read the defaults and the hub's overlay below ``home/registry/quality``.

        ``synthetic=False`` leaves out codes marked synthetic, as production must. Raises
        TongbanError ``code-table-invalid`` or ``suite-invalid``.
        """
        tables, tables_digest = loading.tables(home, synthetic=synthetic)
        suites, suites_digest = loading.suites(home)
        digest = loading.combine(tables_digest, suites_digest, loading.elements_digest())
        return cls(digest, tables, clock or SystemClock(), suites)

    @cached_property
    def elements(self) -> tuple[str, ...]:
        """Return the codes of all data elements."""
        package = importlib.import_module("quality.elements")
        names = (module.name for module in pkgutil.iter_modules(package.__path__))
        return tuple(sorted(name for name in names if not name.startswith("_")))

    @property
    def suites(self) -> tuple[str, ...]:
        """Return the names of all suites."""
        return tuple(sorted(self._suites))

    def element(self, code: str) -> Element:
        """Return a data element; raises TongbanError ``element-unknown``."""
        return self.reader(code).element

    def reader(self, code: str) -> Reader:
        """Return an element with its normalisation and checks."""
        if code not in self.elements:
            raise TongbanError(Code.ELEMENT_UNKNOWN, element=code)
        from quality.engine.shape import Reader

        return Reader.of(importlib.import_module(f"quality.elements.{code}"))

    def code_table(self, name: str) -> CodeTable:
        """Return a code table; raises TongbanError ``code-table-unknown``."""
        if name not in self.tables:
            raise TongbanError(Code.TABLE_UNKNOWN, table=name)
        return self.tables[name]

    def suite(self, name: str) -> Suite:
        """Return a suite with the rules of its elements; raises TongbanError ``suite-unknown``."""
        if name not in self._suites:
            raise TongbanError(Code.SUITE_UNKNOWN, suite=name)
        if name not in self._cache:
            self._cache[name] = loading.expand(self._suites[name], self)
        return self._cache[name]

    def context(self, on: date | None = None) -> Context:
        """Return what checks need besides the value: the Beijing date and the code tables."""
        from quality.engine.shape import Context

        return Context(on or self.clock.now().astimezone(BEIJING).date(), self.tables)

    def check_block(self, frame: pl.DataFrame, suite: Suite, *, on: date | None = None) -> Block:
        """Standardise and check one block of rows.

        ``frame`` holds text columns under the standard names, ``_row`` (1-based source position)
        and ``_file``. Every row comes back once, in ``good`` (standard form) or in ``bad`` (raw).
        ``on`` is the day facts are judged by (default today), so that a resumed run agrees with
        itself. Raises TongbanError ``column-missing``.
        """
        from quality.engine.block import check

        return check(frame, suite, self, on)

    def check_dataset(
        self, parts: pl.LazyFrame, suite: Suite, references: References | None = None
    ) -> pl.DataFrame:
        """Return the findings that need all good rows of a dataset at once.

        Rules of kind ``unique`` (first row by file and position kept) and, with ``references``,
        those of kind ``reference``. Only errors are listed; columns as ``Block.findings``.
        """
        from quality.engine.dataset import check

        return check(parts, suite, references)

    def dataset_counts(
        self, parts: pl.LazyFrame, suite: Suite, references: References | None = None
    ) -> tuple[RuleCount, ...]:
        """Return how often each whole-dataset rule was broken, warnings included."""
        from quality.engine.dataset import counts

        return counts(parts, suite, references)

    def read(self, element: str, text: str | None, *, on: date | None = None) -> Reading:
        """Read one value as typed by a person: its standard form and the rule it breaks."""
        from quality.engine.single import read

        return read(self.reader(element), text, self.context(on))
