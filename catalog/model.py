"""What the catalogue knows: sources, resources, versions, deliveries, and what became of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from kernel.ids import DeliveryId, ResourceId, VersionId


class ShareType(StrEnum):
    """共享类型 of the 2017 guide (政务信息资源目录编制指南)."""

    UNCONDITIONAL = "1"
    CONDITIONAL = "2"
    NONE = "3"


class Cycle(StrEnum):
    """更新周期 of the 2017 guide."""

    REALTIME = "1"
    DAILY = "2"
    WEEKLY = "3"
    MONTHLY = "4"
    QUARTERLY = "5"
    YEARLY = "6"


CYCLE_DAYS: Mapping[Cycle, int] = {
    Cycle.REALTIME: 1,
    Cycle.DAILY: 1,
    Cycle.WEEKLY: 7,
    Cycle.MONTHLY: 31,
    Cycle.QUARTERLY: 92,
    Cycle.YEARLY: 366,
}
"""Longest number of days between two updates that still keeps the promise of the cycle."""


class State(StrEnum):
    """Where one batch of a source stands."""

    COLLECTED = "collected"
    PUBLISHED = "published"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Item:
    """信息项: one column of a resource, bound to a data element by its standard column name."""

    column: str
    name: str
    type: str
    """Letter of the guide: C N Y D T L M G B I F."""
    length: int = 0
    source_column: str = ""
    """Title of the column in the department's file."""
    sensitive: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """Core metadata (核心元数据) of a resource under the names of the 2017 guide."""

    category: str
    """信息资源分类: 类/项/目/细目."""
    name: str
    code: str
    """信息资源代码: classification code, slash, serial."""
    provider: str
    provider_code: str
    abstract: str
    format: str
    share_type: ShareType
    share_condition: str
    share_method: str
    open_flag: bool
    open_condition: str
    refresh_cycle: Cycle
    pub_date: str
    relation_code: str = ""
    aliases: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeliverySpec:
    """How a department's files look. Sizes in bytes."""

    pattern: str
    encoding: str = "auto"
    """``auto``, ``utf-8`` or ``gb18030``; only for text."""
    separator: str = ","
    title_rows: int | None = None
    """Rows above the header; None: the first row that holds every title is the header."""
    header_rows: int = 1
    """Rows of the header; group titles of merged cells join as ``group/title``."""
    sheet: str = ""
    """Worksheet by name; empty: the first."""
    optional: tuple[str, ...] = ()
    """Titles that may be missing from a file."""
    block_bytes: int = 16 * 1024 * 1024
    max_bytes: int = 2 * 1024 * 1024 * 1024
    """A larger file is refused: it must be cut by the department."""


@dataclass(frozen=True, slots=True)
class Source:
    """One department's delivery (来源): where from, how to read it, what it becomes."""

    name: str
    title: str
    org: str
    """提供方代码: credit code of the department."""
    connector: str
    suite: str
    resource: ResourceId
    key: tuple[str, ...]
    """Standard columns that identify a row from version to version."""
    delivery: DeliverySpec
    columns: Mapping[str, str]
    """Title in the file to standard column name, in the order of the file."""
    about: About
    items: tuple[Item, ...]
    schedule: str = ""
    """Airflow schedule: a preset, a cron line, or empty for by hand."""
    after: tuple[str, ...] = ()
    """Resources whose current version the rules of this one look into."""
    digest: str = ""
    """SHA-256 of the source file; part of the rules digest of a batch."""
    fetch: Mapping[str, Any] = field(default_factory=dict)
    """Where a connector that brings the bytes itself gets them; empty: from the inbox."""


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """One file of a delivery: ``object`` is its digest in the object store, size in bytes."""

    name: str
    object: str
    size: int
    mark: str = ""
    """High-water mark: largest value of the source's column of changes; empty without one."""
    touched: int | None = None
    """Rows that this column calls newer than the mark of the version before; None without one."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a source brought at one time. ``digest`` covers names and bytes of all files."""

    id: DeliveryId
    source: str
    digest: str
    files: tuple[DeliveredFile, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file of a version. ``object`` is its digest in the object store."""

    name: str
    object: str
    rows: int


@dataclass(frozen=True, slots=True)
class Counts:
    """The reconciliation of a batch: ``rows_in`` equals ``published`` + ``quarantined``."""

    rows_in: int
    published: int
    quarantined: int
    findings: int = 0

    @property
    def reconciled(self) -> bool:
        """Tell whether no row was lost or doubled."""
        return self.rows_in == self.published + self.quarantined


@dataclass(frozen=True, slots=True)
class Diff:
    """Rows by key between two versions; unchanged rows are counted, never listed."""

    before: str
    after: str
    added: int
    removed: int
    changed: int
    unchanged: int
    changed_columns: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """Figures of one column of a version; ``shown`` is empty for sensitive columns."""

    column: str
    filled: int
    distinct: int
    shortest: int
    longest: int
    shown: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """Quality of a version, each 0 to 100 in whole points, by the dimensions of GB/T 36344."""

    completeness: int
    validity: int
    uniqueness: int
    consistency: int
    timeliness: int
    total: int


@dataclass(frozen=True, slots=True)
class Resource:
    """A catalogue entry with its current version, if one was published."""

    id: ResourceId
    source: str
    org: str
    about: About
    items: tuple[Item, ...]
    current: VersionId | None = None
    updated_at: str = ""
    rows: int = 0
    score: Score | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """One immutable published version."""

    id: VersionId
    resource: ResourceId
    number: int
    batch: str
    delivery: DeliveryId
    rules_digest: str
    manifest: str
    """Digest of the manifest in the object store."""
    counts: Counts
    score: Score
    published_at: str
    added: int = 0
    removed: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True)
class Edge:
    """One step of column lineage: from a file's column to a standard column of a version."""

    version: VersionId
    source_file: str
    source_column: str
    column: str
    element: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a version. ``row_key`` is ``file:row`` of its source, hence no personal data."""

    version: VersionId
    row_key: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One finding of a quarantined row, its value masked where the column is sensitive."""

    file: str
    row: int
    rule: str
    column: str
    value: str


@dataclass(frozen=True, slots=True)
class QuarantinePage:
    """Findings ``offset`` to ``offset + len(rows)`` of ``total``, and totals per rule."""

    total: int
    offset: int
    rows: tuple[QuarantinedRow, ...]
    by_rule: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Hit:
    """A search result, best first."""

    resource: ResourceId
    name: str
    provider: str
    abstract: str
    score: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of a source came to."""

    source: str
    resource: ResourceId
    batch: str
    state: State
    version: VersionId | None
    counts: Counts
    changed: bool
    """False when the delivery and the rules are those of the current version."""
    reasons: tuple[str, ...] = ()
    """Names of the rules for which the gate refused."""
