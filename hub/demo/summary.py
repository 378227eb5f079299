"""The figures of a run: ``summary.json`` for scripts, tables for people, and whether they agree."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class SourceRow:
    """Reconciliation of one source. ``as_seeded``: quarantine holds exactly the seeded faults."""

    source: str
    rows_in: int
    published: int
    quarantined: int
    as_seeded: bool

    @property
    def reconciled(self) -> bool:
        """Tell whether no row was lost, doubled or refused for another reason."""
        return self.rows_in == self.published + self.quarantined and self.as_seeded


@dataclass(frozen=True, slots=True)
class Certificates:
    """Certificates in force, sealed files, files that passed verification, expected number."""

    wanted: int
    issued: int
    sealed: int
    verified: int
    failed: int

    @property
    def reconciled(self) -> bool:
        """Tell whether every certificate has both files and all verify."""
        return (
            self.issued == self.wanted
            and self.sealed == self.verified == 2 * self.issued
            and not self.failed
        )


@dataclass(frozen=True, slots=True)
class Fetches:
    """Answers and refusals of the agency's calls."""

    answered: int
    refused: tuple[str, ...]
    reconciled: bool


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """One window case: materials asked for, papers not needed, fields the form got by itself."""

    case: str
    materials: int
    papers_not_needed: int
    prefilled: int
    typed: int
    reconciled: bool


@dataclass(frozen=True, slots=True)
class Tampering:
    """Samples that passed, and changed samples that failed as they must."""

    samples: int
    passed: int
    changed: int
    caught: int

    @property
    def reconciled(self) -> bool:
        """Tell whether every sample passed and every change was caught."""
        return self.samples == self.passed > 0 and self.changed == self.caught > 0


@dataclass(frozen=True, slots=True)
class Log:
    """The Merkle log after a check from its entries."""

    size: int
    root: str
    faults: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything a run must show."""

    region: str
    residents: int
    sources: tuple[SourceRow, ...]
    certificates: Certificates
    fetches: Fetches
    intake: CaseFigures
    tampering: Tampering
    log: Log
    seconds: dict[str, float]

    @property
    def reconciled(self) -> bool:
        """Tell whether every figure adds up; the exit code of ``demo --once`` follows it."""
        parts = (
            self.certificates.reconciled,
            self.fetches.reconciled,
            self.intake.reconciled,
            self.tampering.reconciled,
            *(row.reconciled for row in self.sources),
        )
        return all(parts) and self.log.size > 0 and not self.log.faults

    def write(self, path: Path) -> None:
        """Write ``summary.json``; schema version 1."""
        body = {"schema": 1, **asdict(self), "reconciled": self.reconciled}
        for row, source in zip(body["sources"], self.sources, strict=True):
            row["reconciled"] = source.reconciled
        path.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", "utf-8")

    def show(self, console: Console) -> None:
        """Print the same as tables."""
        sources = Table(title="汇聚 Collected", title_justify="left")
        for head in ("来源 source", "收到 in", "发布 published", "隔离 quarantined", ""):
            sources.add_column(head, justify="left" if head.startswith("来") else "right")
        for row in self.sources:
            cells = (row.rows_in, row.published, row.quarantined)
            mark = "✓" if row.reconciled else "✗"
            sources.add_row(row.source, *(f"{cell:,}" for cell in cells), mark)
        console.print(sources)
        rows = Table(title="结果 Results", title_justify="left", show_header=False)
        rows.add_column()
        rows.add_column(justify="right")
        made, case = self.certificates, self.intake
        rows.add_row("证照签发 certificates issued", f"{made.issued:,}")
        rows.add_row("签章文件 files sealed / verified", f"{made.sealed:,} / {made.verified:,}")
        rows.add_row(
            "部门用证 fetches answered / refused",
            f"{self.fetches.answered} / {len(self.fetches.refused)}",
        )
        rows.add_row("免提交材料 papers not needed", f"{case.papers_not_needed} / {case.materials}")
        rows.add_row("自动填写 fields filled / typed", f"{case.prefilled} / {case.typed}")
        rows.add_row(
            "篡改检出 changed files caught", f"{self.tampering.caught}/{self.tampering.changed}"
        )
        rows.add_row("日志 log entries", f"{self.log.size:,}")
        rows.add_row("日志根 log root", f"{self.log.root[:32]}…")
        rows.add_row("全部吻合 reconciled", "✓" if self.reconciled else "✗")
        console.print(rows)
        spent = Table(title="用时 Seconds", title_justify="left")
        for name in self.seconds:
            spent.add_column(name, justify="right")
        spent.add_row(*(f"{value:.1f}" for value in self.seconds.values()))
        console.print(spent)
