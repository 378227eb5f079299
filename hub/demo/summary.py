"""The figures of a run: ``summary.json`` for scripts, tables for people, and whether they agree."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from hub.demo.board import PHASES


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
class Crossings:
    """Uses across the border as one city asked for them, and as both logs hold them.

    ``exchanges``: all questions between this city and the others, asked by either; ``matched``:
    those of which each log holds the entry that the other one names.
    """

    answered: int
    refused: tuple[str, ...]
    files: int
    exchanges: int
    matched: int
    ok: bool

    @property
    def reconciled(self) -> bool:
        """Tell whether every answer was as it must be and both logs hold the same exchanges."""
        return self.ok and self.matched > 0


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """One window case: materials asked for, papers not needed, fields the form got by itself.

    Days and visits are saved against the journey's own figures of the former way.
    """

    case: str
    materials: int
    papers_not_needed: int
    from_other_cities: int
    """Materials that a hub of another city answered for."""
    prefilled: int
    typed: int
    results: int
    """Certificates that the case's steps ended with."""
    days_saved: int
    visits_saved: int
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
class CitySummary:
    """Everything a run must show of one city."""

    region: str
    name: str
    address: str
    residents: int
    sources: tuple[SourceRow, ...]
    certificates: Certificates
    fetches: Fetches
    exchange: Crossings | None
    """None where there is only one city."""
    intake: CaseFigures
    tampering: Tampering
    log: Log
    seconds: dict[str, float]

    @property
    def reconciled(self) -> bool:
        """Tell whether every figure of the city adds up."""
        parts = (
            self.certificates.reconciled,
            self.fetches.reconciled,
            self.exchange is None or self.exchange.reconciled,
            self.intake.reconciled,
            self.tampering.reconciled,
            *(row.reconciled for row in self.sources),
        )
        return all(parts) and self.log.size > 0 and not self.log.faults

    def to_json(self) -> dict[str, Any]:
        """Return it for ``summary.json``."""
        body = {**asdict(self), "reconciled": self.reconciled}
        for row, source in zip(body["sources"], self.sources, strict=True):
            row |= {"region": self.region, "reconciled": source.reconciled}
        return body


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything a run must show."""

    cities: tuple[CitySummary, ...]
    seconds: float
    """From start to end; the cities' own seconds overlap."""

    @property
    def reconciled(self) -> bool:
        """Tell whether all cities' figures add up; the exit code of ``demo --once`` follows it."""
        return all(city.reconciled for city in self.cities)

    def write(self, path: Path) -> None:
        """Write ``summary.json``; schema version 2: totals, then each city by itself."""
        cities = [city.to_json() for city in self.cities]
        spent = {
            name: max(city.seconds.get(name, 0.0) for city in self.cities) for name, _, _ in PHASES
        }
        body = {
            "schema": 2,
            "regions": [city.region for city in self.cities],
            "sources": [row for city in cities for row in city["sources"]],
            "certificates": _added([city["certificates"] for city in cities]),
            "fetches": _added([city["fetches"] for city in cities]),
            "exchange": _added([city["exchange"] for city in cities if city["exchange"]]),
            "papers_not_needed": sum(city.intake.papers_not_needed for city in self.cities),
            "tampering": _added([city["tampering"] for city in cities]),
            "logs": [{"region": city["region"], **city["log"]} for city in cities],
            "seconds": spent | {"total": self.seconds},
            "reconciled": self.reconciled,
            "cities": cities,
        }
        path.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", "utf-8")

    def show(self, console: Console) -> None:
        """Print the same as tables."""
        console.print(self._sources())
        console.print(self._results())
        console.print(self._spent())
        mark = "✓" if self.reconciled else "✗"
        console.print(f"全部吻合 reconciled {mark}   用时 total {self.seconds:.1f} s")

    def _sources(self) -> Table:
        table = Table(title="汇聚 Collected", title_justify="left")
        table.add_column("城市 city")
        table.add_column("来源 source")
        for head in ("收到 in", "发布 published", "隔离 quarantined", ""):
            table.add_column(head, justify="right")
        for city in self.cities:
            for row in city.sources:
                cells = (row.rows_in, row.published, row.quarantined)
                mark = "✓" if row.reconciled else "✗"
                table.add_row(city.name, row.source, *(f"{cell:,}" for cell in cells), mark)
            table.add_section()
        return table

    def _results(self) -> Table:
        table = Table(title="结果 Results", title_justify="left")
        table.add_column("")
        for city in self.cities:
            table.add_column(f"{city.name} {city.region}", justify="right")
        for name, cell in _ROWS:
            table.add_row(name, *(cell(city) for city in self.cities))
        return table

    def _spent(self) -> Table:
        table = Table(title="用时 Seconds", title_justify="left")
        table.add_column("")
        for city in self.cities:
            table.add_column(city.name, justify="right")
        for name, zh, en in PHASES:
            spent = (f"{city.seconds.get(name, 0.0):.1f}" for city in self.cities)
            table.add_row(f"{zh} {en}", *spent)
        return table


def _added(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up the figures of several cities, and join what is listed."""
    total: dict[str, Any] = {}
    for row in rows:
        for name, value in row.items():
            if isinstance(value, bool):
                total[name] = total.get(name, True) and value
            elif isinstance(value, list | tuple):
                total[name] = [*total.get(name, []), *value]
            else:
                total[name] = total.get(name, 0) + value
    return total


def _crossed(city: CitySummary) -> str:
    found = city.exchange
    return f"{found.answered} / {len(found.refused)}" if found else "—"


def _matched(city: CitySummary) -> str:
    found = city.exchange
    return f"{found.matched} / {found.exchanges}" if found else "—"


_ROWS: tuple[tuple[str, Callable[[CitySummary], str]], ...] = (
    ("证照签发 certificates issued", lambda city: f"{city.certificates.issued:,}"),
    (
        "签章文件 files sealed / verified",
        lambda city: f"{city.certificates.sealed:,} / {city.certificates.verified:,}",
    ),
    (
        "部门用证 fetches answered / refused",
        lambda city: f"{city.fetches.answered} / {len(city.fetches.refused)}",
    ),
    ("跨城用证 across the border answered / refused", _crossed),
    ("两边日志互证 exchanges both logs hold / all", _matched),
    (
        "免提交材料 papers not needed / all",
        lambda city: f"{city.intake.papers_not_needed} / {city.intake.materials}",
    ),
    ("来自他城 answered by other cities", lambda city: str(city.intake.from_other_cities)),
    ("办件产生的证照 certificates the case made", lambda city: str(city.intake.results)),
    (
        "省时省跑 days / visits saved",
        lambda city: f"{city.intake.days_saved} / {city.intake.visits_saved}",
    ),
    (
        "自动填写 fields filled / typed",
        lambda city: f"{city.intake.prefilled} / {city.intake.typed}",
    ),
    (
        "样例核验通过 samples passed / all",
        lambda city: f"{city.tampering.passed} / {city.tampering.samples}",
    ),
    (
        "篡改检出 changed files caught / all",
        lambda city: f"{city.tampering.caught} / {city.tampering.changed}",
    ),
    ("日志 log entries", lambda city: f"{city.log.size:,}"),
    ("日志根 log root", lambda city: f"{city.log.root[:16]}…"),
    ("吻合 reconciled", lambda city: "✓" if city.reconciled else "✗"),
)
