"""Households and their members, a batch at a time, in arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import polars as pl

from examples.world import ids, names, places
from examples.world.model import SHARED_FAMILIES, Plan

BATCH = 16_000
"""Households per batch: some 45,000 people, 60 MB."""
NEWBORN_DAYS = 60
_YEAR = 365.25

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Role(IntEnum):
    """A member's place in a household."""

    HEAD = 0
    SPOUSE = 1
    CHILD = 2
    SECOND = 3
    FATHER = 4
    MOTHER = 5
    BABY = 6


class Kind(IntEnum):
    """Sorts of households; members and head's age in years below."""

    SINGLE = 0
    COUPLE = 1
    ONE_CHILD = 2
    TWO_CHILDREN = 3
    THREE_GENERATIONS = 4
    NEWBORN = 5
    NEWBORN_SECOND = 6
    ONE_PARENT = 7
    OLD_COUPLE = 8
    WIDOWED = 9
    SHARED = 10
    """A family across cities, see ``examples.world.crossing``; drawn by nobody's chance."""


_H, _S, _C, _D = Role.HEAD, Role.SPOUSE, Role.CHILD, Role.SECOND
_KINDS: dict[Kind, tuple[float, tuple[Role, ...], int, int]] = {
    Kind.SINGLE: (0.180, (_H,), 22, 60),
    Kind.COUPLE: (0.170, (_H, _S), 26, 60),
    Kind.ONE_CHILD: (0.250, (_H, _S, _C), 28, 48),
    Kind.TWO_CHILDREN: (0.110, (_H, _S, _C, _D), 30, 48),
    Kind.THREE_GENERATIONS: (0.080, (_H, _S, _C, Role.FATHER, Role.MOTHER), 32, 45),
    Kind.NEWBORN: (0.014, (_H, _S, Role.BABY), 25, 38),
    Kind.NEWBORN_SECOND: (0.006, (_H, _S, _C, Role.BABY), 29, 40),
    Kind.ONE_PARENT: (0.040, (_H, _C), 28, 50),
    Kind.OLD_COUPLE: (0.090, (_H, _S), 60, 85),
    Kind.WIDOWED: (0.060, (_H,), 65, 95),
}
"""Share of households, members, and the least and greatest age of the head."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Residents in standard form and the couples among them.

    ``people`` has the columns of the dataset ``population`` and ``kind``, ``role``, ``place``
    (position in the batch). ``couples`` has ``husband`` and ``wife`` (positions), ``married``
    (ordinal of the day) and ``newborn``.
    """

    people: pl.DataFrame
    couples: pl.DataFrame


@dataclass(slots=True)
class Maker:
    """Makes one household batch after the other. Sequence numbers never repeat."""

    plan: Plan
    where: places.Places
    sequences: ids.Sequences
    household: int = 0
    batch: int = 0

    def batches(self, people: int) -> Iterator[Batch]:
        """Yield batches that hold exactly ``people`` residents in all."""
        left = people
        while left:
            rng = self.plan.stream(self.batch)
            newborns = self._newborns() if self.batch == 0 else 0
            batch = self._batch(rng, _kinds(rng, left, newborns=newborns))
            left -= batch.people.height
            self.batch += 1
            yield batch

    def _newborns(self) -> int:
        """Return how many families with a newborn there are at least.

        With neighbours more, so that most mothers stand in the city's own register even where some
        births are refused or late: the rules of the births demand half of them.
        """
        neighbours = len(self.plan.neighbours)
        return 6 + SHARED_FAMILIES * neighbours if neighbours else 2

    def singles(self, count: int) -> Batch:
        """Return ``count`` residents who live alone."""
        rng = self.plan.stream(self.batch, 1)
        self.batch += 1
        return self._batch(rng, np.full(count, Kind.SINGLE, dtype=np.int64))

    def _batch(self, rng: np.random.Generator, kinds: Ints) -> Batch:
        count = len(kinds)
        today = self.plan.as_of.toordinal()
        male = _sexes(rng, count)
        born = today - _ages(rng, kinds, male, spread=bool(self.plan.neighbours))
        family, nation = rng.integers(len(names.FAMILIES), size=count), _nations(rng, count)
        district = rng.integers(len(self.where.codes), size=count)
        house, role = _members(kinds)
        sex, birth = male[house, role], born[house, role]
        days = ids.numbers_of(birth)
        id_numbers = ids.make(days, self.sequences.take(birth, sex))
        position = np.full(born.shape, -1, dtype=np.int64)
        position[house, role] = np.arange(len(house))
        family_name = np.where(
            (role == Role.SPOUSE) | (role == Role.MOTHER),
            (family[house] + 1 + house % 4) % len(names.FAMILIES),
            family[house],
        )
        people = pl.DataFrame(
            {
                "id_number": names.column(id_numbers),
                "name": names.column(
                    names.full(rng, family_name, names.given(rng, sex), nation[house])
                ),
                "sex": np.where(sex, "1", "2"),
                "birth_date": names.column(ids.iso(days)),
                "nation": names.column(nation[house]),
                "division": names.column(np.array(self.where.codes, dtype=object)[district][house]),
                "address": names.column(places.addresses(rng, self.where, district)[house]),
                "household_number": names.column(self.numbers(count)[house]),
                "relation": names.column(
                    _relations(role, sex, kinds[house], male[house, Role.CHILD])
                ),
                "marital_status": names.column(_statuses(rng, role, kinds[house])),
                **_guardians(
                    role=role,
                    house=house,
                    kinds=kinds,
                    age=today - birth,
                    position=position,
                    male=male,
                    id_numbers=id_numbers,
                ),
                "registration": np.where(role == Role.BABY, "0", "1"),
                "kind": kinds[house],
                "role": role,
                "place": np.arange(len(house)),
            }
        )
        return Batch(
            people, _couples(rng, kinds=kinds, male=male, born=born, position=position, today=today)
        )

    def numbers(self, count: int) -> npt.NDArray[np.object_]:
        """Return the next household numbers."""
        start = self.household
        self.household += count
        prefix = self.plan.region[:4]
        return np.array([f"{prefix}{start + n:08d}" for n in range(1, count + 1)], dtype=object)


def _kinds(rng: np.random.Generator, people: int, *, newborns: int) -> Ints:
    """Return kinds of households for at most ``people`` residents; people alone fill the rest.

    ``newborns`` families of both kinds with a newborn come first, so that small worlds have them.
    """
    shares = np.array([share for share, *_ in _KINDS.values()])
    sizes = np.array([len(roles) for _, roles, *_ in _KINDS.values()])
    kinds = rng.choice(len(_KINDS), size=min(BATCH, people), p=shares / shares.sum())
    first = min(newborns, len(kinds))
    kinds[:first] = np.resize((Kind.NEWBORN, Kind.NEWBORN_SECOND), first)
    total = np.cumsum(sizes[kinds])
    kept = kinds[total <= people]
    if len(kept) == BATCH:
        return kept
    rest = people - int(sizes[kept].sum())
    filled: Ints = np.concatenate((kept, np.full(rest, Kind.SINGLE, dtype=np.int64)))
    return filled


def _members(kinds: Ints) -> tuple[Ints, Ints]:
    """Return household and role of every member."""
    sizes = np.array([len(roles) for _, roles, *_ in _KINDS.values()])
    table = np.zeros((len(_KINDS), int(sizes.max())), dtype=np.int64)
    for kind, (_, roles, *_) in _KINDS.items():
        table[kind, : len(roles)] = roles
    house = np.repeat(np.arange(len(kinds)), sizes[kinds])
    starts = np.cumsum(sizes[kinds]) - sizes[kinds]
    return house, table[kinds[house], np.arange(len(house)) - starts[house]]


def _sexes(rng: np.random.Generator, count: int) -> Bools:
    male: Bools = rng.random((count, len(Role))) < 0.5
    male[:, Role.HEAD] = rng.random(count) < 0.75
    male[:, Role.SPOUSE] = ~male[:, Role.HEAD]
    male[:, Role.FATHER] = True
    male[:, Role.MOTHER] = False
    return male


def _ages(rng: np.random.Generator, kinds: Ints, male: Bools, *, spread: bool) -> Ints:
    """Return ages in days by household and role, such that parents are grown up.

    ``spread`` keeps the youngest spouses and second children from being born on one day, for a
    city whose ids are few.
    """
    count = len(kinds)
    low = np.array([low for *_, low, _ in _KINDS.values()])[kinds]
    high = np.array([high for *_, high in _KINDS.values()])[kinds]
    ages = np.zeros((count, len(Role)))
    head = low + rng.random(count) * (high - low)
    ages[:, Role.HEAD] = head * _YEAR
    least = np.where(male[:, Role.SPOUSE], 24.5, 22.5)
    if spread:
        least = least + rng.random(count)
    ages[:, Role.SPOUSE] = np.maximum(head + rng.normal(0, 2.5, count), least) * _YEAR
    youngest = ages[:, : Role.SPOUSE + 1].min(axis=1)
    span = np.maximum(youngest - 22 * _YEAR, 200)
    child = NEWBORN_DAYS + 1 + 0.4 * span + 0.6 * span * rng.random(count)
    ages[:, Role.CHILD] = np.where(kinds == Kind.NEWBORN_SECOND, np.maximum(child, 700), child)
    gap = 0.3 + 0.6 * rng.random(count)
    least_second = NEWBORN_DAYS + 1 + (240 * rng.random(count) if spread else 0)
    ages[:, Role.SECOND] = np.maximum((child - 300) * gap, least_second)
    for role in (Role.FATHER, Role.MOTHER):
        ages[:, role] = ages[:, Role.HEAD] + (22.5 + 8 * rng.random(count)) * _YEAR
    ages[:, Role.BABY] = rng.integers(1, NEWBORN_DAYS, size=count)
    return ages.astype(np.int64)


def _nations(rng: np.random.Generator, count: int) -> npt.NDArray[np.object_]:
    codes = np.array(["01", "03", "11", "02", "05"], dtype=object)
    return codes[rng.choice(len(codes), size=count, p=[0.94, 0.035, 0.01, 0.01, 0.005])]


def _relations(role: Ints, male: Bools, kind: Ints, first_male: Bools) -> npt.NDArray[np.object_]:
    several = (kind == Kind.TWO_CHILDREN) | (kind == Kind.NEWBORN_SECOND)
    later = (role == Role.SECOND) | ((role == Role.BABY) & several)
    order = np.where(several, np.where(later & (male == first_male), 3, 2), 1)
    child = np.where(male, 20, 30) + order
    code = np.select(
        [role == Role.HEAD, role == Role.SPOUSE, role == Role.FATHER, role == Role.MOTHER],
        [2, np.where(male, 11, 12), 51, 52],
        child,
    )
    return np.array([f"{number:02d}" for number in code], dtype=object)


def _statuses(rng: np.random.Generator, role: Ints, kind: Ints) -> npt.NDArray[np.object_]:
    chance = rng.random(len(role))
    couple = np.isin(role, [Role.FATHER, Role.MOTHER, Role.SPOUSE]) | (
        (role == Role.HEAD) & ~np.isin(kind, [Kind.SINGLE, Kind.ONE_PARENT, Kind.WIDOWED])
    )
    head = role == Role.HEAD
    return np.select(
        [
            couple,
            head & (kind == Kind.WIDOWED),
            head & (kind == Kind.ONE_PARENT),
            head & (chance < 0.2),
        ],
        ["20", "30", "40", "40"],
        "10",
    ).astype(object)


def _guardians(
    *,
    role: Ints,
    house: Ints,
    kinds: Ints,
    age: Ints,
    position: Ints,
    male: Bools,
    id_numbers: npt.NDArray[np.object_],
) -> dict[str, pl.Series]:
    """Return the ids of father and mother for minors who live with them."""
    minor = np.isin(role, [Role.CHILD, Role.SECOND, Role.BABY]) & (age < int(18 * _YEAR))
    both = kinds[house] != Kind.ONE_PARENT
    head = position[house, Role.HEAD]
    spouse = np.where(both, position[house, Role.SPOUSE], -1)
    fathered = male[house, Role.HEAD] | ~both
    first, second = np.where(fathered, head, spouse), np.where(fathered, spouse, head)
    blank = np.array([*id_numbers, None], dtype=object)
    return {
        "guardian1_id": names.column(blank[np.where(minor, first, -1)]),
        "guardian2_id": names.column(blank[np.where(minor, second, -1)]),
    }


def _couples(
    rng: np.random.Generator,
    *,
    kinds: Ints,
    male: Bools,
    born: Ints,
    position: Ints,
    today: int,
) -> pl.DataFrame:
    """Return married pairs; the day lies after both were of age and before today."""
    found: list[pl.DataFrame] = []
    for one, other in ((Role.HEAD, Role.SPOUSE), (Role.FATHER, Role.MOTHER)):
        house = np.flatnonzero(position[:, other] >= 0)
        heads = male[house, one]
        husband = np.where(heads, position[house, one], position[house, other])
        wife = np.where(heads, position[house, other], position[house, one])
        his = np.where(heads, born[house, one], born[house, other])
        hers = np.where(heads, born[house, other], born[house, one])
        of_age = np.maximum(his + int(22 * _YEAR) + 2, hers + int(20 * _YEAR) + 2)
        latest = np.maximum(np.minimum(of_age + int(5 * _YEAR), today - 330), of_age)
        married = of_age + (rng.random(len(house)) * (latest - of_age + 1)).astype(np.int64)
        newborn = np.isin(kinds[house], [Kind.NEWBORN, Kind.NEWBORN_SECOND])
        found.append(
            pl.DataFrame({"husband": husband, "wife": wife, "married": married, "newborn": newborn})
        )
    return pl.concat(found).filter(pl.col("married") < today)


def make(plan: Plan) -> Maker:
    """Return the maker of a world; raises ValueError for a region without districts.

    A city with neighbours takes ids from a range of its own, so that nobody lives in two cities.
    """
    where = places.places(plan.region, plan.as_of)
    if not plan.neighbours:
        return Maker(plan, where, ids.Sequences(plan.as_of))
    every = places.regions()
    part = every.index(plan.region), len(every)
    return Maker(plan, where, ids.Sequences(plan.as_of, part))
