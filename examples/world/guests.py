"""A city's own part of the families it shares with its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from examples.world import crossing, ids
from examples.world.crossing import Family
from examples.world.model import Baby, Person
from examples.world.people import Batch, Kind, Maker, Role

_TEXTS = (
    "id_number", "name", "sex", "birth_date", "nation", "division", "address",
    "household_number", "relation", "marital_status", "guardian1_id", "guardian2_id",
    "registration",
)  # fmt: skip
_SCHEMA = dict.fromkeys(_TEXTS, pl.String) | {"kind": pl.Int64, "role": pl.Int64, "place": pl.Int64}
_COUPLES = {"husband": pl.Int64, "wife": pl.Int64, "married": pl.Int64, "newborn": pl.Boolean}


@dataclass(frozen=True, slots=True)
class Guests:
    """What one city writes about shared families. ``batch`` holds no couples."""

    batch: Batch
    marriages: pl.DataFrame
    """Registered here: the wife stands in this city's register, the husband in another's."""
    babies: tuple[Baby, ...]
    """Announced here: the mother stands in another city's register, as does the marriage."""


def guests(maker: Maker) -> Guests | None:
    """Return the part of ``maker``'s city in a fixed order of its neighbours; None without any."""
    plan = maker.plan
    if not plan.neighbours:
        return None
    rows: list[Mapping[str, Any]] = []
    babies: list[Baby] = []
    wed: list[Family] = []
    for other in plan.neighbours:
        for family in crossing.families(plan.seed, plan.region, other, plan.as_of):
            house = str(maker.numbers(1)[0])
            child = _child(maker, family)
            father = _head(maker, family.father, family, house, 0)
            rows += [father, _announced(father, family, child)]
            babies.append(_baby(family, child, father))
        for family in crossing.families(plan.seed, other, plan.region, plan.as_of):
            rows.append(_head(maker, family.mother, family, str(maker.numbers(1)[0]), 1))
            wed.append(family)
    people = pl.DataFrame(
        [{**row, "place": place} for place, row in enumerate(rows)], schema=_SCHEMA
    )
    batch = Batch(people, pl.DataFrame(schema=_COUPLES))
    return Guests(batch, crossing.marriages(wed), tuple(babies))


def _child(maker: Maker, family: Family) -> Person:
    born = np.array([maker.plan.as_of.toordinal() - family.child_age])
    sequence = maker.sequences.take(born, np.array([family.child_is_male]))
    days = ids.numbers_of(born)
    sex = "1" if family.child_is_male else "2"
    number = ids.make(days, sequence)
    return Person(str(number[0]), family.child_name, sex, str(ids.iso(days)[0]))


def _head(maker: Maker, person: Person, family: Family, house: str, side: int) -> dict[str, Any]:
    return {
        "id_number": person.id_number,
        "name": person.name,
        "sex": person.sex,
        "birth_date": person.birth_date,
        "nation": "01",
        "division": maker.where.codes[family.districts[side]],
        "address": family.addresses[side],
        "household_number": house,
        "relation": "02",
        "marital_status": "20",
        "guardian1_id": None,
        "guardian2_id": None,
        "registration": "1",
        "kind": int(Kind.SHARED),
        "role": int(Role.HEAD),
    }


def _announced(father: Mapping[str, Any], family: Family, child: Person) -> dict[str, Any]:
    return {
        **father,
        "id_number": child.id_number,
        "name": child.name,
        "sex": child.sex,
        "birth_date": child.birth_date,
        "relation": "21" if family.child_is_male else "31",
        "marital_status": "10",
        "guardian1_id": family.father.id_number,
        "guardian2_id": family.mother.id_number,
        "registration": "0",
        "role": int(Role.BABY),
    }


def _baby(family: Family, child: Person, father: Mapping[str, Any]) -> Baby:
    return Baby(
        child=child,
        father=family.father,
        mother=family.mother,
        household_number=father["household_number"],
        division=father["division"],
        address=father["address"],
        certificate_no=family.certificate_no,
        mother_region=family.away,
        marriage_region=family.away,
    )
