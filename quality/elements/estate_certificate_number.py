"""不动产权证号, as ``豫（2024）郑州市不动产权第0012345号``."""

from __future__ import annotations

import polars as pl

from quality.engine import text
from quality.engine.shape import Context, Verdicts, first_of, flags_of
from quality.errors import Code
from quality.model import Element, Mask, Sensitivity

ELEMENT = Element(
    code="estate_certificate_number",
    name="不动产权证号",
    identifier="BDCQZH",
    standard="不动产登记暂行条例实施细则",
    datatype="c..40",
    definition="省份简称、四位年份、登记机构所在市县全称、不动产权第、七位以上流水号、号。",
    sensitivity=Sensitivity.PERSONAL,
    mask=Mask.ID,
)
RULES = (Code.NUMBER_FORMAT,)
_BRACKETS = dict.fromkeys("(〔[【", "（") | dict.fromkeys(")〕]】", "）")
_FORM = (
    r"^[京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新]"
    r"（(?:19|20)\d{2}）\p{Han}{2,20}不动产权第\d{7,10}号$"
)


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Narrow digits, drop spaces, write the brackets of the year in full width."""
    del context
    return text.compact(raw).str.replace_many(_BRACKETS)


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Ask for the form; the serial is the registry's own."""
    del context
    return first_of(flags_of(~values.str.contains(_FORM)))
