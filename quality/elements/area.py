"""面积: square metres with two digits behind the point."""

from __future__ import annotations

import polars as pl

from quality.engine import amounts
from quality.engine.shape import Context, Verdicts
from quality.model import Element

ELEMENT = Element(
    code="area",
    name="面积",
    identifier="MJ",
    standard="不动产登记数据库标准",
    datatype="n..15,2",
    definition="面积，平方米，两位小数。",
)
RULES = amounts.RULES
_UNITS = {"平方米": 0, "㎡": 0, "m²": 0, "m2": 0, "平米": 0, "公顷": 4}
_PLACES = 2


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Drop unit words and thousands separators; see ``amounts.normalise``."""
    del context
    return amounts.normalise(raw, _UNITS, _PLACES)


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Refuse what is no area, none at all, and more than a county has."""
    del context
    return amounts.judge(values, places=_PLACES, least="0.01", most="100000000")
