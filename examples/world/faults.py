"""Seeded faults that must end in quarantine, each with the one finding it must bring about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from examples.world import ids
from examples.world.places import SPLIT, UNKNOWN
from quality.errors import Code

Row = dict[str, str]
Change = Callable[[Mapping[str, str], np.random.Generator], Row]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault: ``share`` of all rows, what it changes, the findings it must cause."""

    name: str
    share: float
    change: Change
    findings: tuple[tuple[str, str], ...]
    """(rule, column) pairs."""


def wrong_check(id_number: str, rng: np.random.Generator) -> str:
    """Return the id with another last character, one that no double could have left behind."""
    others = [mark for mark in "0123456789X" if mark != id_number[-1]]
    others = [mark for mark in others if mark == "X" or int(id_number[:17] + mark) % 32]
    return id_number[:17] + others[rng.integers(len(others))]


def through_double(id_number: str) -> str:
    """Return what Excel keeps of an id in a number cell: the nearest double, as digits."""
    return str(int(float(f"{float(int(id_number)):.16G}")))


def _bad_check(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    return {"id_number": wrong_check(row["id_number"], rng)}


def _bad_id_date(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    day = ("0230", "0431", "1301")[rng.integers(3)]
    return {"id_number": _remade(row["id_number"][:10] + day + row["id_number"][14:17])}


def _bad_id_division(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del rng
    return {"id_number": _remade(UNKNOWN + row["id_number"][6:17])}


def _remade(body: str) -> str:
    return str(ids.with_check(np.array([body], dtype=object))[0])


def _bad_day(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    year = row["id_number"][6:10]
    return {"birth_date": (f"{year}-02-30", f"{year}年4月31日", f"{year}1301")[rng.integers(3)]}


def _other_day(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del rng
    other = "01" if row["id_number"][12:14] != "01" else "02"
    return {"birth_date": f"{row['id_number'][6:10]}-{row['id_number'][10:12]}-{other}"}


def _other_sex(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del rng
    return {"sex": "2" if int(row["id_number"][16]) % 2 else "1"}


def _split_division(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del row, rng
    return {"division": SPLIT}


def _no_name(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del row
    return {"name": ("", "\u3000\u3000")[rng.integers(2)]}


WRONG_CHECK = "wrong-check-digit"
POPULATION = (
    Kind(WRONG_CHECK, 0.003, _bad_check, ((Code.ID_CHECK, "id_number"),)),
    Kind("impossible-date", 0.002, _bad_day, ((Code.DATE_IMPOSSIBLE, "birth_date"),)),
    Kind("impossible-date-in-id", 0.001, _bad_id_date, ((Code.ID_DATE, "id_number"),)),
    Kind("unknown-division-in-id", 0.001, _bad_id_division, ((Code.ID_DIVISION, "id_number"),)),
    Kind("abolished-division", 0.002, _split_division, ((Code.CODE_ABOLISHED, "division"),)),
    Kind("sex-against-id", 0.001, _other_sex, (("sex-matches-id", "sex"),)),
    Kind("birth-date-against-id", 0.001, _other_day, (("birth-date-matches-id", "birth_date"),)),
    Kind("name-missing", 0.001, _no_name, ((Code.REQUIRED, "name"),)),
)


def _wife_missing(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del row, rng
    return {"female_name": "", "female_id": ""}


def _wife_check(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    return {"female_id": wrong_check(row["female_id"], rng)}


def _husband_number(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del rng
    return {"male_id": through_double(row["male_id"].replace("X", "0"))}


def _bad_register(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del rng
    return {"register_date": f"{row['register_date'][:4]}年2月30日"}


FLOAT = "id-as-number"
MARRIAGE = (
    Kind(
        "spouse-missing",
        0.006,
        _wife_missing,
        ((Code.REQUIRED, "female_name"), (Code.REQUIRED, "female_id")),
    ),
    Kind(FLOAT, 0.006, _husband_number, ((Code.ID_FLOAT, "male_id"),)),
    Kind("wrong-check-digit", 0.003, _wife_check, ((Code.ID_CHECK, "female_id"),)),
    Kind("impossible-date", 0.003, _bad_register, ((Code.DATE_IMPOSSIBLE, "register_date"),)),
)


@dataclass(slots=True)
class Quota:
    """How many faults of each kind are still owed, so that every file has one of each."""

    kinds: Sequence[Kind]
    rows: int
    given: dict[str, int]

    def owed(self, seen: int) -> list[Kind]:
        """Return the kinds due after ``seen`` of ``rows`` rows, one entry per fault."""
        due: list[Kind] = []
        for kind in self.kinds:
            target = max(1, round(kind.share * min(seen, self.rows)))
            due += [kind] * (target - self.given.get(kind.name, 0))
        return due

    def give(self, kind: Kind) -> None:
        """Note that one fault was placed."""
        self.given[kind.name] = self.given.get(kind.name, 0) + 1
