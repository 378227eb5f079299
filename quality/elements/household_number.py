"""户号: the number of a household in the resident register."""

from __future__ import annotations

import polars as pl

from quality.engine import text
from quality.engine.shape import Context, Verdicts, first_of, flags_of
from quality.errors import Code
from quality.model import Element, Mask, Sensitivity

ELEMENT = Element(
    code="household_number",
    name="户号",
    identifier="HH",
    standard="GA/T 543.1-2011",
    datatype="c6..20",
    definition="户籍管理部门为每户编定的号码，由数字和大写字母组成。",
    sensitivity=Sensitivity.PERSONAL,
    mask=Mask.ID,
)
RULES = (Code.NUMBER_FORMAT,)


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Narrow, drop spaces, write letters in upper case."""
    del context
    return text.where(raw, text.ODD_CODE, lambda rows: text.upper(text.compact(rows)))


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Ask for 6 to 20 digits or capital letters."""
    del context
    return first_of(flags_of(~values.str.contains("^[0-9A-Z]{6,20}$")))
