"""What is true about a generated world: which rows must be refused, and who lives in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

POPULATION = "ga-population"
MARRIAGE = "mz-marriage"
SHARED_FAMILIES = 3
"""Families for each ordered pair of cities."""
ENTERPRISES = 300
"""Enterprises of a city unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What world to make. ``edition`` 2 is the next delivery of the same city."""

    residents: int
    region: str
    seed: int
    as_of: date
    edition: int = 1
    neighbours: tuple[str, ...] = ()
    """Other cities with which families are shared."""
    enterprises: int = ENTERPRISES
    entered: tuple[str, ...] = ()
    """Newborns whom the police entered since (see ``examples.world.entered``)."""

    @property
    def city(self) -> tuple[object, ...]:
        """Return what two deliveries of one city have in common."""
        return self.residents, self.region, self.seed, self.neighbours

    def stream(self, *numbers: int) -> np.random.Generator:
        """Return a source of chance of its own; a city with neighbours has people of its own."""
        own = [int(self.region)] if self.neighbours else []
        return np.random.default_rng([self.seed, *own, *numbers])


@dataclass(frozen=True, slots=True)
class Fault:
    """A seeded fault that must end in quarantine: one expected finding."""

    source: str
    file: str
    row: int
    """1-based line of the CSV file or row of the sheet."""
    rule: str
    column: str
    """Standard column; empty where a line never became columns."""
    kind: str


@dataclass(frozen=True, slots=True)
class FileTruth:
    """One delivered file: ``rows`` records, of which ``quarantined`` must be refused."""

    source: str
    name: str
    rows: int
    quarantined: int

    @property
    def published(self) -> int:
        """Return how many rows must be published."""
        return self.rows - self.quarantined


@dataclass(frozen=True, slots=True)
class Person:
    """A synthetic person as the register ought to know them."""

    id_number: str
    name: str
    sex: str
    birth_date: str


@dataclass(frozen=True, slots=True)
class Baby:
    """A newborn of the last 60 days, not yet entered (待落户), with married parents in the data."""

    child: Person
    father: Person
    mother: Person
    household_number: str
    division: str
    address: str
    certificate_no: str
    """结婚证字号 of the parents."""
    mother_region: str
    """City in whose register the mother stands."""
    marriage_region: str
    """City whose registry married the parents."""


@dataclass(frozen=True, slots=True)
class Household:
    """A household with its head (户主) and the number of members already entered."""

    number: str
    head: Person
    members: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What this edition must show against the one before, by published key."""

    added: int = 0
    removed: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything tests and the demo compare with. People and households are the first few hundred.

    ``repaired`` counts cells per kind of spelling that standardising must put right without losing
    the row.
    """

    plan: Plan
    files: tuple[FileTruth, ...]
    quarantined: tuple[Fault, ...]
    repaired: Mapping[str, int]
    babies: tuple[Baby, ...]
    households: tuple[Household, ...]
    household_count: int
    couple_count: int
    changes: Mapping[str, Changes] = field(default_factory=dict)
    warned: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By source and rule, the published rows that a warning must count."""

    def rows(self, source: str) -> int:
        """Return the records delivered by a source."""
        return sum(file.rows for file in self.files if file.source == source)

    def published(self, source: str) -> int:
        """Return how many rows of a source must be published."""
        return sum(file.published for file in self.files if file.source == source)

    def findings(self, source: str) -> set[tuple[str, int, str, str]]:
        """Return the expected findings of a source as (file, row, rule, column)."""
        return {
            (fault.file, fault.row, fault.rule, fault.column)
            for fault in self.quarantined
            if fault.source == source
        }

    def write(self, path: Path) -> None:
        """Write ``truth.json``."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1, default=str)
        path.write_text(text + "\n", "utf-8")

    @classmethod
    def read(cls, path: Path) -> Truth:
        """Read ``truth.json`` as ``write`` wrote it; raises OSError, or ValueError for another."""
        raw = json.loads(path.read_text("utf-8"))
        try:
            return cls(**{name: _READ[name](value) for name, value in raw.items()})
        except (KeyError, TypeError) as error:
            message = f"{path} does not hold the truth about a city: {error!r}"
            raise ValueError(message) from error


def _plan(raw: Mapping[str, Any]) -> Plan:
    lists = {name: tuple(raw[name]) for name in ("neighbours", "entered")}
    return Plan(**{**raw, **lists, "as_of": date.fromisoformat(raw["as_of"])})


def _baby(raw: Mapping[str, Any]) -> Baby:
    people = {name: Person(**raw[name]) for name in ("child", "father", "mother")}
    return Baby(**{**raw, **people})


def _household(raw: Mapping[str, Any]) -> Household:
    return Household(**{**raw, "head": Person(**raw["head"])})


_READ: Mapping[str, Callable[[Any], Any]] = {
    "plan": _plan,
    "files": lambda rows: tuple(FileTruth(**row) for row in rows),
    "quarantined": lambda rows: tuple(Fault(**row) for row in rows),
    "repaired": dict,
    "babies": lambda rows: tuple(_baby(row) for row in rows),
    "households": lambda rows: tuple(_household(row) for row in rows),
    "household_count": int,
    "couple_count": int,
    "changes": lambda rows: {source: Changes(**row) for source, row in rows.items()},
    "warned": dict,
}
