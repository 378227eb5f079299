"""Data elements, code tables, suites, rules and what checking finds. Plain values, no engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Sensitivity(StrEnum):
    """How a value may be shown (分级): open, or only masked outside the purpose it serves."""

    OPEN = "open"
    PERSONAL = "personal"
    """Points to a person: names, addresses."""
    IDENTIFYING = "identifying"
    """Identifies a person alone: id numbers."""


class Mask(StrEnum):
    """The way a value is shortened for reports (脱敏)."""

    NONE = "none"
    ID = "id"
    NAME = "name"
    ADDRESS = "address"


class Severity(StrEnum):
    """What follows from a finding."""

    ERROR = "error"
    """The row goes to quarantine (隔离)."""
    WARNING = "warning"
    """The row is published; the rule counts in the report and in the gate."""


class Dimension(StrEnum):
    """Quality dimensions of GB/T 36344-2018 that a rule can speak for."""

    COMPLETENESS = "completeness"
    VALIDITY = "validity"
    UNIQUENESS = "uniqueness"
    CONSISTENCY = "consistency"
    TIMELINESS = "timeliness"


class RuleKind(StrEnum):
    """How a rule is decided; each kind has one compiler per engine."""

    REQUIRED = "required"
    ELEMENT = "element"
    """A check of the column's data element; ``Rule.id`` is the code of the check."""
    MATCHES = "matches"
    """``column`` equals what ``derive`` reads out of ``other``."""
    DERIVED_IS = "derived-is"
    """What ``derive`` reads out of ``column`` equals ``value``."""
    DIFFERENT = "different"
    """``column`` and ``other`` differ."""
    NOT_BEFORE = "not-before"
    """The date ``column`` is not earlier than what ``derive`` reads out of ``other``."""
    PRESENT_WHEN = "present-when"
    """``column`` is filled where ``other`` is one of ``values``."""
    AGED = "aged"
    """At the date ``other`` the birth date read out of ``column`` lies ``value`` years back."""
    UNIQUE = "unique"
    """``columns`` together name a row once; the first one is kept."""
    REFERENCE = "reference"
    """``column`` is found in ``other`` of the current version of ``resource``."""


@dataclass(frozen=True, slots=True)
class Element:
    """A data element (数据元): what one value means, by which standard, how it is protected."""

    code: str
    """Name of its file in ``quality/elements``."""
    name: str
    identifier: str
    """Identifier used by the standard or by GA/T 543, such as ``GMSFHM``."""
    standard: str
    datatype: str
    """Representation in the notation of GB/T 18391: ``c18``, ``c..50``, ``n1``, ``d10``."""
    definition: str
    sensitivity: Sensitivity = Sensitivity.OPEN
    mask: Mask = Mask.NONE
    table: str = ""
    """Default code table, if values are codes."""


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One code with the days on which it is valid (both included; None is open)."""

    code: str
    name: str
    valid_from: date | None = None
    valid_to: date | None = None
    successors: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    parent: str = ""
    kind: str = ""
    synthetic: bool = False
    source: str = ""

    def valid_on(self, day: date) -> bool:
        """Tell whether the code may be used for a fact of ``day``."""
        after = self.valid_from is None or self.valid_from <= day
        return after and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class CodeTable:
    """A dated code table (代码表) with mappings from other spellings and to successors."""

    name: str
    title: str
    standard: str
    rows: Mapping[str, CodeRow]

    def name_of(self, code: str) -> str:
        """Return the Chinese name, or the empty text for an unknown code."""
        row = self.rows.get(code)
        return row.name if row else ""

    def successor(self, code: str) -> str:
        """Return the one code that took over an abolished code, or the empty text."""
        row = self.rows.get(code)
        return row.successors[0] if row and len(row.successors) == 1 else ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a dataset bound to a data element."""

    name: str
    title: str
    element: str
    required: bool = False
    table: str = ""
    """Code table in place of the element's own."""
    successor: bool = False
    """Whether an abolished code with exactly one successor is replaced by it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a suite. Rules are data: engines compile them, none is written in code."""

    id: str
    kind: RuleKind
    column: str
    title: str
    severity: Severity = Severity.ERROR
    dimension: Dimension = Dimension.VALIDITY
    threshold: float = 1.0
    """Largest share of bad rows (0 to 1) with which a version may still be published."""
    other: str = ""
    derive: str = ""
    value: str = ""
    values: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    resource: str = ""
    separator: str = ""
    """REFERENCE: ``column`` holds several values parted by it, each of which must be found."""
    when: str = ""
    """REFERENCE: only rows whose column ``when`` is one of ``values`` are judged."""

    @property
    def key(self) -> str:
        """Return ``rule:column``, unique within a suite."""
        return f"{self.id}:{self.column}"


@dataclass(frozen=True, slots=True)
class Suite:
    """The rules for a dataset."""

    name: str
    title: str
    resource: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    """All rules in the order of precedence, those of the elements included."""
    fresh_days: int = 0
    """Days after which a delivery counts as late (更新周期); 0 = not judged."""
    digest: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the column names in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return a column by name; raises KeyError."""
        return {column.name: column for column in self.columns}[name]


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule in one row. ``value`` is raw and personal: seal it before it is stored."""

    file: str
    row: int
    rule: str
    column: str
    value: str


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often one rule was broken among ``rows`` rows. Holds no personal data."""

    rule: str
    column: str
    title: str
    rows: int
    bad: int
    threshold: float
    severity: Severity
    dimension: Dimension

    @property
    def rate(self) -> float:
        """Return the share of bad rows, 0 for no rows."""
        return self.bad / self.rows if self.rows else 0.0

    def plus(self, other: RuleCount) -> RuleCount:
        """Return the count over both blocks of the same rule."""
        return RuleCount(
            self.rule,
            self.column,
            self.title,
            self.rows + other.rows,
            self.bad + other.bad,
            self.threshold,
            self.severity,
            self.dimension,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """One value read by a data element: its standard form and the rule it breaks, if any."""

    value: str
    rule: str = ""
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Tell whether the value keeps every rule of its element."""
        return not self.rule


def add_counts(*groups: tuple[RuleCount, ...]) -> tuple[RuleCount, ...]:
    """Add the counts of several blocks, rule by rule, in the order of first appearance."""
    total: dict[tuple[str, str], RuleCount] = {}
    for group in groups:
        for count in group:
            key = (count.rule, count.column)
            total[key] = total[key].plus(count) if key in total else count
    return tuple(total.values())
