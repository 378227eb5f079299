"""出生医学证明编号: one capital letter and nine digits, printed on every form once."""

from __future__ import annotations

import polars as pl

from quality.engine import text
from quality.engine.shape import Context, Verdicts, first_of, flags_of
from quality.errors import Code
from quality.model import Element, Mask, Sensitivity

ELEMENT = Element(
    code="birth_certificate_number",
    name="出生医学证明编号",
    identifier="CSYXZMBH",
    standard="出生医学证明管理办法",
    datatype="c10",
    definition="首次签发的出生医学证明的编号：1位字母和9位数字。",
    sensitivity=Sensitivity.PERSONAL,
    mask=Mask.ID,
)
RULES = (Code.NUMBER_FORMAT,)


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Narrow, drop spaces, write the letter in upper case."""
    del context
    return text.where(raw, text.ODD_CODE, lambda rows: text.upper(text.compact(rows)))


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Ask for one letter and nine digits; the number itself has no check character."""
    del context
    return first_of(flags_of(~values.str.contains("^[A-Z][0-9]{9}$")))
