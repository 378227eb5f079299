"""出生体重: whole grams."""

from __future__ import annotations

import polars as pl

from quality.engine import amounts
from quality.engine.shape import Context, Verdicts
from quality.model import Element

ELEMENT = Element(
    code="birth_weight",
    name="出生体重",
    identifier="CSTZ",
    standard="出生医学证明管理办法",
    datatype="n3..4",
    definition="新生儿出生时的体重，克。",
)
RULES = amounts.RULES
_UNITS = {"千克": 3, "公斤": 3, "KG": 3, "kg": 3, "克": 0, "G": 0, "g": 0}
_PLACES = 0


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Drop unit words and thousands separators; see ``amounts.normalise``."""
    del context
    return amounts.normalise(raw, _UNITS, _PLACES)


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Refuse what is no weight, and weights outside 300 to 8,000 g."""
    del context
    return amounts.judge(values, places=_PLACES, least="300", most="8000")
