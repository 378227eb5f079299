"""What the catalogue needs from elsewhere, and the narrow views others have of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from catalog.model import Record, Resource
from quality.model import RuleCount


class Lookup(Protocol):
    """What certificates and intake see of published data: current values with their lineage."""

    def lookup(self, resource: str, column: str, values: Sequence[str]) -> list[Record]:
        """Return the rows of the current version whose ``column`` is one of ``values``."""

    def scan(self, resource: str) -> Iterator[Record]:
        """Yield every row of the current version in bounded memory."""


class Entries(Protocol):
    """What pages need to draw an entry."""

    def resource(self, resource: str) -> Resource:
        """Return one entry; raises TongbanError ``resource-unknown``."""


@dataclass(frozen=True, slots=True)
class GateRequest:
    """What a gate judges: rule totals of a whole batch, and the rows that would be published."""

    batch: str
    resource: str
    suite: str
    rows_in: int
    totals: tuple[RuleCount, ...]
    parts: tuple[Path, ...]
    """Parquet of the rows in standard form; personal, to be masked in any report."""
    day: date
    """Beijing date by which facts are judged."""


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """May the batch be published? ``reasons`` are the keys of the rules that forbid it."""

    allowed: bool
    reasons: tuple[str, ...] = ()
    report: str = ""


class Gate(Protocol):
    """Decides on publication. A gate that breaks raises; a failure is never a verdict on data."""

    def judge(self, request: GateRequest) -> GateAnswer:
        """Return the decision; raises TongbanError when no decision could be reached."""


@dataclass(frozen=True, slots=True)
class Use:
    """A certificate field that is filled from a column of a resource."""

    column: str
    kind: str
    """Code of the certificate type."""
    field: str
    title: str


class Uses(Protocol):
    """Where lineage goes on after a standard column; implemented by what draws certificates."""

    def uses_of(self, resource: str) -> Sequence[Use]:
        """Return the certificate fields filled from the resource."""


class Asked(Protocol):
    """Which columns are looked up; implemented by what knows the types and journeys of a hub."""

    def columns(self, resource: str) -> Collection[str]:
        """Return the columns of a resource by which rows are asked for."""
