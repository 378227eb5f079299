"""Ids of people who do not exist: unassigned division 410199, real dates, right check digits."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from quality.engine import digits
from quality.engine.digits import CREDIT_ALPHABET, ID_CHECKS, ID_WEIGHTS

DIVISION = "410199"
_EPOCH = date(1970, 1, 1).toordinal()
_PER_SEX = 497
"""Sequence numbers per day and sex; 996 to 999 once marked people over a hundred."""
_FIRST = date(1880, 1, 1).toordinal()

Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]


class Sequences:
    """Gives each person of a day and sex the next sequence number; holds two numbers per day."""

    def __init__(self, as_of: date, part: tuple[int, int] = (0, 1)) -> None:
        """Reserve counters from 1880 to ``as_of``; ``part`` (place, count) takes one equal part.

        What ``reserved`` gives lies in no part of several.
        """
        place, count = part
        self._room = _PER_SEX if count == 1 else (_PER_SEX - 1) // count
        self._first = place * self._room
        self._next = np.zeros((as_of.toordinal() - _FIRST + 1) * 2, dtype=np.int64)

    def take(self, born: Ints, male: npt.NDArray[np.bool_]) -> Ints:
        """Return sequence numbers, odd for male; ``born`` holds ordinals of days."""
        slot = (born - _FIRST) * 2 + male
        order = np.argsort(slot, kind="stable")
        ranked = slot[order]
        starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
        lengths = np.diff(np.r_[starts, len(ranked)])
        place = np.arange(len(ranked)) - np.repeat(starts, lengths)
        numbers = np.empty(len(slot), dtype=np.int64)
        numbers[order] = self._next[ranked] + place
        np.add.at(self._next, slot, 1)
        if numbers.max(initial=0) >= self._room:
            message = "more people of one birthday than the id leaves room for"
            raise ValueError(message)
        return _spread(numbers + self._first, born, male)


def reserved(born: Ints, male: npt.NDArray[np.bool_]) -> Ints:
    """Return the one sequence number of each day and sex that no part of several contains."""
    return _spread(np.full(len(born), _PER_SEX - 1), born, male)


def _spread(numbers: Ints, born: Ints, male: npt.NDArray[np.bool_]) -> Ints:
    """Spread over the range so that neighbours do not look alike."""
    found: Ints = (numbers * 211 + born * 17) % _PER_SEX * 2 + np.where(male, 1, 2)
    return found


def make(days: Ints, sequence: Ints) -> Texts:
    """Return ids of the synthetic division for birth dates YYYYMMDD."""
    return with_check(
        np.array(
            [
                f"{DIVISION}{day:08d}{number:03d}"
                for day, number in zip(days, sequence, strict=True)
            ],
            dtype=object,
        )
    )


def with_check(bodies: Texts) -> Texts:
    """Return bodies of 17 digits with their check character (GB 11643)."""
    if not len(bodies):
        return bodies
    raw = np.frombuffer("".join(bodies).encode(), dtype=np.uint8).reshape(-1, 17)
    total = (raw - np.uint8(48)).astype(np.int64) @ np.array(ID_WEIGHTS, dtype=np.int64)
    checks = np.array([chr(code) for code in ID_CHECKS], dtype=object)[total % 11]
    found: Texts = bodies + checks
    return found


def numbers_of(born: Ints) -> Ints:
    """Return YYYYMMDD of ordinals of days."""
    days = (born - _EPOCH).astype("datetime64[D]")
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    months = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    within = (days - days.astype("datetime64[M]")).astype(np.int64) + 1
    found: Ints = years * 10000 + months * 100 + within
    return found


def iso(days: Ints) -> Texts:
    """Return CCYY-MM-DD of numbers YYYYMMDD."""
    return np.array(
        [f"{day // 10000:04d}-{day // 100 % 100:02d}-{day % 100:02d}" for day in days],
        dtype=object,
    )


def credit_codes(region: str, numbers: Ints) -> list[str]:
    """Return credit codes (GB 32100) of enterprises that do not exist: TE5T in the body.

    ``numbers`` below 923,521 give distinct codes within a region.
    """
    alphabet = CREDIT_ALPHABET.decode()
    found: list[str] = []
    for number in numbers.tolist():
        serial = "".join(alphabet[number // 31**place % 31] for place in (3, 2, 1, 0))
        found.append(credit_code(f"91{region}TE5T{serial}"))
    return found


def credit_code(body: str) -> str:
    """Return 16 characters with the check digits of GB 11714 and of GB 32100."""
    raw = np.frombuffer(body.encode(), dtype=np.uint8).reshape(1, 16)
    whole = body + chr(digits.org_check(raw[:, 8:])[0])
    values = digits.credit_values(np.frombuffer(whole.encode(), dtype=np.uint8).reshape(1, 17))
    return whole + chr(digits.credit_check(values)[0])
