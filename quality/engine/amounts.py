"""Decimals with a unit: thousands separators and unit words go, digits and the point stay.

Texts stay decimal text and never pass through a double: 0.10 yuan must remain 0.10.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from quality.engine import text
from quality.engine.shape import Verdicts, first_of, flags_of
from quality.errors import Code

RULES = (Code.AMOUNT_FORMAT, Code.AMOUNT_RANGE)
_PLAIN = r"^(?:0|[1-9]\d*)(?:\.\d+)?$"
_GROUPED = r"^\d{1,3}(?:,\d{3})+(?:\.\d+)?$"


def normalise(raw: pl.Series, units: Mapping[str, int], places: int) -> pl.Series:
    """Return plain decimals of ``places`` digits behind the point, or the tidied text.

    ``units`` maps unit words to the power of ten by which the number moves: with the base unit
    万元, ``{"万元": 0, "元": -4}`` reads ``500000元`` as 50. A number finer than ``places`` keeps
    its digits, so that judging can refuse it rather than round it.
    """

    def change(values: pl.Series) -> pl.Series:
        tidied = text.compact(values).to_list()
        read = [None if value is None else _read(value, units, places) for value in tidied]
        return pl.Series(read, dtype=pl.String)

    return text.by_unique(raw, change)


def _read(value: str, units: Mapping[str, int], places: int) -> str:
    word = next((unit for unit in sorted(units, key=len, reverse=True) if value.endswith(unit)), "")
    number = value[: len(value) - len(word)] if word else value
    if _matches(_GROUPED, number):
        number = number.replace(",", "")
    if not _matches(_PLAIN, number):
        return value
    whole, _, fraction = number.partition(".")
    whole, fraction = _moved(whole, fraction, units.get(word, 0))
    fraction = fraction.rstrip("0").ljust(places, "0")
    return f"{whole.lstrip('0') or '0'}.{fraction}" if fraction else whole.lstrip("0") or "0"


def _moved(whole: str, fraction: str, power: int) -> tuple[str, str]:
    if power < 0:
        padded = whole.rjust(1 - power, "0")
        return padded[:power], padded[power:] + fraction
    padded = fraction.ljust(power, "0")
    return whole + padded[:power], padded[power:]


def _matches(pattern: str, value: str) -> bool:
    return re.fullmatch(pattern[1:-1], value, re.ASCII) is not None


def judge(values: pl.Series, *, places: int, least: str, most: str) -> Verdicts:
    """Refuse what is no decimal of at most ``places`` digits behind the point, then the range."""
    exact = values.str.contains(r"^\d{1,18}$" if not places else rf"^\d{{1,18}}\.\d{{{places}}}$")
    numbers = values.set(~exact, None).str.to_decimal(scale=places)
    low, high = Decimal(least), Decimal(most)
    return first_of(flags_of(~exact), flags_of((numbers < low) | (numbers > high)))
