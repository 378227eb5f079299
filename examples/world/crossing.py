"""Families across cities: a child at the father's, the mother a resident of the city that wed them.

For each ordered pair of cities a few families follow from the seed and the pair alone, so that the
generator of either city writes its own part and both agree without having talked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from examples.world import ids, names, places
from examples.world.model import SHARED_FAMILIES, Person

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIRST_SERIAL = 900_000
"""Serial numbers of these marriages; a city's own ones stay far below."""


@dataclass(frozen=True, slots=True)
class Family:
    """One family: what both cities must know of it. The child's id is given by ``home`` alone."""

    home: str
    """Region of the father's household, where the child was born and announced."""
    away: str
    """Region where the mother heads a household of her own and the marriage is registered."""
    father: Person
    mother: Person
    child_name: str
    child_is_male: bool
    child_age: int
    """Days."""
    married: date
    certificate_no: str
    """结婚证字号, by the registry of ``away``."""
    office: str
    districts: tuple[int, int]
    """Places of the father's and the mother's district in ``places.Places.codes``."""
    addresses: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two cities in order, with their districts and their number among all pairs."""

    home: places.Places
    away: places.Places
    regions: tuple[str, str]
    number: int


def families(seed: int, home: str, away: str, as_of: date) -> tuple[Family, ...]:
    """Return the families with a child in ``home`` and a mother in ``away``.

    Parents, names and marriage depend on the year of ``as_of`` alone, so that two cities whose
    deliveries lie a day apart still agree. Raises ValueError for a region without districts.
    """
    known = places.regions()
    where = places.places(home, as_of), places.places(away, as_of)
    order = known.index(home) * len(known) + known.index(away)
    rng = np.random.default_rng([seed, int(home), int(away), 21])
    return tuple(
        _family(rng, Pair(*where, (home, away), order * SHARED_FAMILIES + number), as_of.year)
        for number in range(SHARED_FAMILIES)
    )


def _family(rng: np.random.Generator, pair: Pair, year: int) -> Family:
    name = int(rng.integers(len(names.FAMILIES)))
    boy = bool(rng.integers(2))
    days = [
        date(year - years, 1, 1).toordinal() + pair.number * 2 + int(rng.integers(2))
        for years in (36, 34)
    ]
    given = _names(rng, name, boy=boy)
    districts = int(rng.integers(len(pair.home.codes))), int(rng.integers(len(pair.away.codes)))
    married = date(year - 4, 1, 1) + timedelta(days=int(rng.integers(900)))
    homes = [
        str(places.addresses(rng, where, np.array([district]))[0])
        for where, district in zip((pair.home, pair.away), districts, strict=True)
    ]
    registry = pair.away.codes[districts[1]]
    return Family(
        home=pair.regions[0],
        away=pair.regions[1],
        father=_person(days[0], given[0], male=True),
        mother=_person(days[1], given[1], male=False),
        child_name=given[2],
        child_is_male=boy,
        child_age=int(rng.integers(3, 40)),
        married=married,
        certificate_no=f"J{registry}-{married.year}-{_FIRST_SERIAL + pair.number:06d}",
        office=f"{pair.away.city}{pair.away.names[districts[1]]}婚姻登记处",
        districts=districts,
        addresses=(homes[0], homes[1]),
    )


def _names(rng: np.random.Generator, family: int, *, boy: bool) -> tuple[str, str, str]:
    """Return the names of father, mother and child."""
    given = names.given(rng, np.array([True, False, boy]))
    lines = np.array([family, (family + 1) % len(names.FAMILIES), family])
    nation = np.array(["01"] * 3, dtype=object)
    father, mother, child = names.full(rng, lines, given, nation).tolist()
    return father, mother, child


def _person(day: int, name: str, *, male: bool) -> Person:
    born = np.array([day])
    days = ids.numbers_of(born)
    number = ids.make(days, ids.reserved(born, np.array([male])))
    return Person(str(number[0]), name, "1" if male else "2", str(ids.iso(days)[0]))


def marriages(found: Sequence[Family]) -> pl.DataFrame:
    """Return the families' marriages as ``marriages.Writer`` writes them."""
    return pl.DataFrame(
        {
            "certificate_no": [family.certificate_no for family in found],
            "register_date": [family.married.isoformat() for family in found],
            "male_name": [family.father.name for family in found],
            "male_id": [family.father.id_number for family in found],
            "female_name": [family.mother.name for family in found],
            "female_id": [family.mother.id_number for family in found],
            "office": [family.office for family in found],
            "newborn": [True] * len(found),
            "married": [family.married.toordinal() for family in found],
        }
    )
