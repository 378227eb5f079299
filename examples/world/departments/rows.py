"""What the deliveries of all departments share: rows, seeded faults, and the truth about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from examples.world import ids
from examples.world.faults import Kind, Row
from examples.world.model import Baby, Changes, Fault, FileTruth, Household, Plan
from examples.world.places import Places

FAMILIES = 300
"""Households that own and found things: the first ones, which both editions share."""


@dataclass(frozen=True, slots=True)
class City:
    """The people whom departments write about; but for shared mothers all are in the register."""

    plan: Plan
    where: Places
    babies: Sequence[Baby]
    families: Sequence[Household]

    @property
    def own(self) -> Sequence[Baby]:
        """Return the newborns whose parents both live here."""
        return [baby for baby in self.babies if baby.mother_region == self.plan.region]

    @property
    def shared(self) -> Sequence[Baby]:
        """Return the newborns whose mother stands in another city's register."""
        return [baby for baby in self.babies if baby.mother_region != self.plan.region]

    @property
    def office(self) -> str:
        """Return what the city's departments are called before their own name."""
        return self.where.office(self.plan.region)

    def rng(self, stream: int) -> np.random.Generator:
        """Return a generator that is the same in both editions."""
        return np.random.default_rng([self.plan.seed, int(self.plan.region), stream])

    def address(self, number: int) -> str:
        """Return an address in the city."""
        names = self.where.names
        return f"{self.where.city}{names[number % len(names)]}示例路{number % 290 + 1}号"


@dataclass(frozen=True, slots=True)
class Delivered:
    """One department's delivery and the truth about it."""

    source: str
    files: tuple[FileTruth, ...]
    quarantined: tuple[Fault, ...]
    changes: Changes
    """Against the edition before, by published key."""
    warned: Mapping[str, int] = field(default_factory=dict)
    """Rows published although a rule of severity ``warning`` counts them, by rule."""


@dataclass(slots=True)
class Sheet:
    """Rows of one delivery in the order in which they are delivered, with their faults."""

    source: str
    rows: list[Row] = field(default_factory=list)
    found: dict[int, list[tuple[str, str, str]]] = field(default_factory=dict)
    """(rule, column, kind) by place of the row."""

    def spoil(self, places: Sequence[int], kinds: Sequence[Kind], rng: np.random.Generator) -> None:
        """Give each place the next kind of fault."""
        for number, place in enumerate(places):
            kind = kinds[number % len(kinds)]
            self.rows[place] |= kind.change(self.rows[place], rng)
            self.found[place] = [(str(rule), column, kind.name) for rule, column in kind.findings]

    def append(self, row: Row, rule: str, column: str, kind: str) -> None:
        """Add a row that must be refused."""
        self.found[len(self.rows)] = [(rule, column, kind)]
        self.rows.append(row)

    def truth(self, name: str, start: int, stop: int, first: int) -> tuple[FileTruth, list[Fault]]:
        """Return the truth about a file of some rows; the first one has the number ``first``."""
        bad = {place: self.found[place] for place in range(start, stop) if place in self.found}
        faults = [
            Fault(self.source, name, place - start + first, rule, column, kind)
            for place, found in sorted(bad.items())
            for rule, column, kind in found
        ]
        return FileTruth(self.source, name, stop - start, len(bad)), faults


def stranger(number: int) -> str:
    """Return the id of somebody who is in no register: born in 1890, when no resident was."""
    day, sequence = np.array([18900101 + number % 28]), np.array([number // 28 % 998 + 1])
    return str(ids.make(day, sequence)[0])
