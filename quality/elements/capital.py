"""注册资本: ten thousands of yuan with six digits behind the point, so that cents are kept."""

from __future__ import annotations

import polars as pl

from quality.engine import amounts
from quality.engine.shape import Context, Verdicts
from quality.model import Element

ELEMENT = Element(
    code="capital",
    name="注册资本",
    identifier="ZCZB",
    standard="市场监管总局登记数据规范",
    datatype="n..18,6",
    definition="注册资本或出资总额，万元人民币，六位小数。",
)
RULES = amounts.RULES
_UNITS = {"万元人民币": 0, "万人民币": 0, "万元": 0, "万": 0, "亿元": 4, "元": -4}
_PLACES = 6


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Drop unit words and thousands separators; see ``amounts.normalise``."""
    del context
    return amounts.normalise(raw, _UNITS, _PLACES)


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Refuse what is no amount and more than a trillion yuan."""
    del context
    return amounts.judge(values, places=_PLACES, least="0", most="100000000")
