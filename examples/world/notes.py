"""Keeps in mind, while a city is written, who lives in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from examples.world.model import Baby, Household, Person
from examples.world.people import Role

_BABIES = 200
_HOUSEHOLDS = 1_000


@dataclass(slots=True)
class Notes:
    """The people whom a demonstration may call by name."""

    region: str
    entered: Sequence[str] = ()
    babies: list[Baby] = field(default_factory=list)
    households: list[Household] = field(default_factory=list)
    household_count: int = 0

    def add(self, residents: pl.DataFrame, couples: pl.DataFrame) -> None:
        """Note a batch: its households, and its newborns with the parents' certificate."""
        heads = residents.filter(pl.col("role") == int(Role.HEAD))
        self.household_count += heads.height
        missing = _HOUSEHOLDS - len(self.households)
        if missing > 0:
            entered = residents.filter(
                (pl.col("registration") == "1") | pl.col("id_number").is_in(self.entered)
            )
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
                people = row, parents[father], parents[mother]
                self.babies.append(_baby(*people, papers[father], self.region))


def _baby(
    row: Mapping[str, Any],
    father: Mapping[str, Any],
    mother: Mapping[str, Any],
    paper: str,
    region: str,
) -> Baby:
    return Baby(
        child=_person(row),
        father=_person(father),
        mother=_person(mother),
        household_number=row["household_number"],
        division=row["division"],
        address=row["address"],
        certificate_no=paper,
        mother_region=region,
        marriage_region=region,
    )


def _person(row: Mapping[str, Any]) -> Person:
    return Person(row["id_number"], row["name"], row["sex"], row["birth_date"])
