"""结婚证字号: J, division of the office, year and serial, as ``J410105-2024-000123``."""

from __future__ import annotations

import polars as pl

from quality.engine import text
from quality.engine.shape import Context, Verdicts, first_of, flags_of
from quality.errors import Code
from quality.model import Element, Mask, Sensitivity

ELEMENT = Element(
    code="marriage_certificate_number",
    name="结婚证字号",
    identifier="JHZZH",
    standard="婚姻登记工作规范",
    datatype="c19",
    definition="字母J、登记机关6位区划代码、4位年份、6位流水号，以连字符分隔。",
    sensitivity=Sensitivity.PERSONAL,
    mask=Mask.ID,
)
RULES = (Code.NUMBER_FORMAT,)
_DASHES = dict.fromkeys("‐‑‒–—―−－", "-")


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Narrow, drop spaces, unify hyphens, write the letter in upper case."""
    del context
    values = text.upper(text.compact(raw))
    return text.on_rows(values, text.foreign(values), lambda rows: rows.str.replace_many(_DASHES))


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Ask for the form; the serial is the office's own."""
    del context
    return first_of(flags_of(~values.str.contains(r"^J\d{6}-(?:19|20)\d{2}-\d{6}$")))
