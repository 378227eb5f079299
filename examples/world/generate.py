"""Makes a world: residents batch by batch, their files, and the truth about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from examples.world import departments, marriages, people, population
from examples.world.departments.rows import FAMILIES, City, Delivered
from examples.world.model import (
    MARRIAGE,
    POPULATION,
    Baby,
    Changes,
    Household,
    Person,
    Plan,
    Truth,
)
from examples.world.people import Role
from examples.world.spelling import Speller
from kernel.clock import BEIJING

SEED = 20261124
_BABIES = 200
_HOUSEHOLDS = 1_000


def generate(
    out: Path,
    residents: int = 2000,
    region: str = "410100",
    seed: int = SEED,
    *,
    as_of: date | None = None,
    edition: int = 1,
    further: Sequence[str] = (),
) -> Truth:
    """Write ``out/ga-population/*.csv``, ``out/mz-marriage/*.xlsx`` and ``out/truth.json``.

    ``as_of`` is the day of the delivery (today in Beijing by default): babies are up to 60 days
    old. ``edition=2`` writes the next delivery of the same city: some moved, some came, some left,
    wrong check digits corrected. Memory stays bounded by a batch of 16,000 households. Raises
    ValueError for a region whose districts the division table does not list. ``further`` names
    departments of ``examples.world.departments`` that deliver, too.
    """
    departments.check(further)
    day = as_of or datetime.now(BEIJING).date()
    plan = Plan(residents, region, seed, day, edition)
    maker = people.make(plan)
    speller = Speller(maker.where)
    folders = {source: out / source for source in (POPULATION, MARRIAGE)}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
    register = population.Writer(plan, maker, speller, folders[POPULATION])
    pairs = marriages.Writer(plan, maker.where, speller, folders[MARRIAGE])
    notes = _Notes()
    for number, batch in enumerate(register.write()):
        couples = pairs.add(batch, number)
        notes.add(batch.people, couples)
    pairs.close()
    changes = {POPULATION: register.changes, MARRIAGE: Changes()} if edition > 1 else {}
    more = _further(plan, maker, notes, further, out)
    if edition > 1:
        changes |= {item.source: item.changes for item in more}
    truth = Truth(
        plan=plan,
        files=(*register.files, *pairs.files, *(file for item in more for file in item.files)),
        quarantined=(
            *register.expected,
            *pairs.expected,
            *(fault for item in more for fault in item.quarantined),
        ),
        repaired=dict(sorted(speller.repaired.items())),
        babies=tuple(notes.babies),
        households=tuple(notes.households),
        household_count=notes.household_count,
        couple_count=pairs.serial,
        changes=changes,
        warned={item.source: item.warned for item in more},
    )
    truth.write(out / "truth.json")
    return truth


def _further(
    plan: Plan, maker: people.Maker, notes: _Notes, names: Sequence[str], out: Path
) -> list[Delivered]:
    """Let further departments deliver; faults of the register only strike people who live alone."""
    families = [house for house in notes.households if house.members > 1][:FAMILIES]
    if not names or not families:
        return []
    return departments.make(names, City(plan, maker.where, notes.babies, families), out)


@dataclass(slots=True)
class _Notes:
    """The people whom a demonstration may call by name."""

    babies: list[Baby] = field(default_factory=list)
    households: list[Household] = field(default_factory=list)
    household_count: int = 0

    def add(self, residents: pl.DataFrame, couples: pl.DataFrame) -> None:
        heads = residents.filter(pl.col("role") == int(Role.HEAD))
        self.household_count += heads.height
        missing = _HOUSEHOLDS - len(self.households)
        if missing > 0:
            entered = residents.filter(pl.col("registration") == "1")
            sizes = entered.group_by("household_number").len()
            listed = heads.head(missing).join(
                sizes, on="household_number", how="left", maintain_order="left"
            )
            self.households += [
                Household(row["household_number"], _person(row), row["len"])
                for row in listed.iter_rows(named=True)
            ]
        if len(self.babies) < _BABIES:
            self._babies(residents, couples)

    def _babies(self, residents: pl.DataFrame, couples: pl.DataFrame) -> None:
        babies = residents.filter(pl.col("registration") == "0").head(_BABIES - len(self.babies))
        if babies.is_empty():
            return
        houses = babies["household_number"].implode()
        family = residents.filter(pl.col("household_number").is_in(houses))
        parents = {row["id_number"]: row for row in family.iter_rows(named=True)}
        married = couples.filter(pl.col("newborn"))
        papers = {row["male_id"]: row["certificate_no"] for row in married.iter_rows(named=True)}
        for row in babies.iter_rows(named=True):
            father, mother = row["guardian1_id"], row["guardian2_id"]
            if father in papers:
                self.babies.append(_baby(row, parents[father], parents[mother], papers[father]))


def _baby(
    row: Mapping[str, Any], father: Mapping[str, Any], mother: Mapping[str, Any], paper: str
) -> Baby:
    return Baby(
        child=_person(row),
        father=_person(father),
        mother=_person(mother),
        household_number=row["household_number"],
        division=row["division"],
        address=row["address"],
        certificate_no=paper,
    )


def _person(row: Mapping[str, Any]) -> Person:
    return Person(row["id_number"], row["name"], row["sex"], row["birth_date"])
